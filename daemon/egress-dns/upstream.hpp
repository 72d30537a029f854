// SPDX-License-Identifier: MIT
#pragma once

// Questions of one attachment to other servers: each is asked once, however many wait for it.

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "base/clock.hpp"
#include "dns/lookup.hpp"
#include "egress-dns/endpoint.hpp"
#include "egress-dns/exchange.hpp"
#include "egress-dns/source_ports.hpp"
#include "uv/loop.hpp"

namespace egress::resolver {

// How many lookups may begin, in all attachments together.
struct LookupRoom {
  size_t left = 4'096;
};

class Upstream {
 public:
  // With nothing when no server answered.
  using Waiter = std::function<void(const std::optional<dns::Reply>&)>;

  // Asks from the attachment's `own` namespace, and from others.
  Upstream(uv::Loop& loop, const Clock& clock, LookupRoom& room, Netns own);
  ~Upstream();
  Upstream(const Upstream&) = delete;
  Upstream& operator=(const Upstream&) = delete;

  // Asks from `netns`. A question that is under way already is waited for as it was asked. The
  // waiter is called once at most: not when too many are under way, nor after the end of this.
  void ask(const Netns& netns, const dns::LookupPlan& plan, const dns::Question& question,
           Waiter waiter);

 private:
  class Asking;
  struct Pending {
    std::unique_ptr<Asking> asking{};
    std::vector<Waiter> waiters{};
  };
  void end(const dns::Question& question, const std::optional<dns::Reply>& reply);

  uv::Loop& loop_;
  const Clock& clock_;
  LookupRoom& room_;
  Netns own_;
  SourcePorts ports_{};  // there
  std::map<dns::Question, Pending> pending_;
  size_t waiting_ = 0;
};

}  // namespace egress::resolver
