// SPDX-License-Identifier: MIT
#pragma once

// What a change of the lab does to connection tracking, once a pass has brought it into force: what
// flushing lists deny now, and what has another exit, in the stamp, at NAT gateways, in virtual
// networks, in workers (lib/flows/review.hpp). To do it twice does no harm.

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "compile/translations.hpp"
#include "flows/review.hpp"
#include "kernel/kernel.hpp"
#include "policy/network.hpp"

namespace egress::daemon {

class FlowReview {
 public:
  using Translations = std::shared_ptr<const compile::Translations>;

  // On the kernel's thread. Workers that translate as they did `before` are passed over, since a
  // listing reads what all namespaces track; null: all are looked at.
  FlowReview(kernel::Kernel& kernel, std::shared_ptr<const policy::Network> network,
             const Translations& before, const std::string& prefix);

  struct Report {
    size_t denied = 0;
    size_t forgotten = 0;
    std::vector<std::string> problems{};
  };
  // On any thread.
  Report run() const;

  // Of the lab that is in force; null when they could not be worked out.
  const Translations& translations() const { return translations_; }

 private:
  using FateOf = std::function<flows::Fate(const state::TrackedFlow&)>;
  struct Tracked {
    state::NetnsName netns{};
    Result<std::shared_ptr<kernel::FlowTable>> flows;
    FateOf fate_of{};
  };
  void add(kernel::Kernel& kernel, const state::NetnsName& netns, FateOf fate_of);
  static Status review(const Tracked& tracked, Report& report);

  Translations translations_{};
  std::vector<Tracked> tracked_{};
};

}  // namespace egress::daemon
