// SPDX-License-Identifier: MIT
#pragma once

// Starts and backups performed: what policy::PlatformRun asks for, with real lookups and real
// connections from the namespaces of the classes, held against what the analysis says of each.

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "policy/platform/run.hpp"
#include "probe/verifier.hpp"

namespace egress::probe {

struct Starting {
  lab::Sender app{};
  std::vector<lab::PlatformTask> tasks{};  // as policy::PlatformRun takes them
};

// Many at once, in rounds: the next call of each. They wait for each other, so that one which is
// never answered costs the others time, but no thread.
class Performance {
 public:
  // The apps are the network's.
  Performance(std::shared_ptr<const policy::Network> network, std::string prefix,
              std::vector<Starting> starts);

  bool done() const;
  // Makes one call of each that is not over, with a lookup of its name: as long as a name's
  // time-outs and kCallPatience at most. kNotFound when a namespace is gone. Several threads may
  // perform different ones.
  Status advance(Verifier& verifier);

  // The next call of each, in the order of the starts; nothing: it is over.
  std::vector<std::optional<policy::CallRequest>> next() const;
  // In the same order; each whole once it is over.
  std::vector<policy::PlatformReport> reports() const;

 private:
  struct Asked;
  Result<std::vector<Asked>> ask(Verifier& verifier) const;
  Status look_up(const Probes& probes, std::vector<Asked>& all) const;
  Status call(const Probes& probes, std::vector<Asked>& all) const;

  std::shared_ptr<const policy::Network> network_;
  std::string prefix_;
  std::vector<policy::PlatformRun> runs_{};
};

// All of them, to the end.
Result<std::vector<policy::PlatformReport>> perform(
    const std::shared_ptr<const policy::Network>& network, const std::string& prefix,
    std::vector<Starting> starts, Verifier& verifier);

}  // namespace egress::probe
