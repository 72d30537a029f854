// SPDX-License-Identifier: MIT
#pragma once

// Real lookups, to hold what a name should mean against: questions to name servers from inside
// namespaces, all at once. Waits for the answers; several threads may ask at once.

#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "dns/lookup.hpp"
#include "policy/resolve_name.hpp"

namespace egress::probe {

struct NameLookup {
  std::string netns{};  // who asks; empty: the caller's own network
  dns::Question question{};
  dns::LookupPlan plan{};
  bool tcp = false;  // at once, not only for an answer that does not fit a datagram
};

// The reply that counts for each lookup, in order; nothing where no server answered. kNotFound when
// a namespace is gone.
Result<std::vector<std::optional<dns::Reply>>> look_up(const std::vector<NameLookup>& lookups);

// Asks these servers, from the caller's own network; null when there are none.
policy::AskUpstream ask_servers(const std::vector<Ipv4Address>& servers);

}  // namespace egress::probe
