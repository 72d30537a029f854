// SPDX-License-Identifier: MIT
#pragma once

// Real lookups, to hold what a name should mean against: questions to name servers from inside
// namespaces, all at once. Waits for the answers; several threads may ask at once.

#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "dns/lookup.hpp"
#include "inspect/observation.hpp"
#include "policy/resolve_name.hpp"

namespace egress::probe {

struct NameLookup {
  std::string netns{};  // who asks; empty: the caller's own network
  dns::Question question{};
  dns::LookupPlan plan{};
  bool tcp = false;  // at once, not only for an answer that does not fit a datagram
};

// A name as whoever runs in `netns` asks for it: of 127.0.0.11, which asks the servers of
// `settings` and keeps their time-outs.
NameLookup by_resolver(std::string netns, dns::Question question,
                       const policy::DnsSettings& settings);

// The same of a machine, which asks the servers itself.
NameLookup by_servers(std::string netns, dns::Question question,
                      const policy::DnsSettings& settings);

// The reply that counts for each lookup, in order; nothing where no server answered. kNotFound when
// a namespace is gone.
Result<std::vector<std::optional<dns::Reply>>> look_up(const std::vector<NameLookup>& lookups);

inspect::LookupSeen seen_in(const std::optional<dns::Reply>& reply);

// What these servers say to whoever asks in `netns`, or, where that is empty, in the caller's own
// network; nothing when none answers.
std::optional<policy::LookupResult> ask_servers(const std::string& netns,
                                                const std::vector<Ipv4Address>& servers,
                                                const dns::Question& question);

// Asks the servers of publicDns.forwardTo from the caller's own network, and programs on machines
// in their namespaces. The network outlives it.
policy::AskUpstream ask_programs(const policy::Network& network, std::string prefix);

}  // namespace egress::probe
