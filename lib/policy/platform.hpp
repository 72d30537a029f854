// SPDX-License-Identifier: MIT
#pragma once

// The addresses on which the platform itself answers (contract "Decided" 9; azure-facts 4.5, 9.8):
// Azure DNS at 168.63.129.16, instance metadata at 169.254.169.254. No route leads to them, and of
// the rules only those that name the platform's tags count.

#include "policy/origin.hpp"
#include "policy/stage.hpp"

namespace egress::policy {

// Whether the platform has something to say about packets to this address.
bool is_platform_address(Ipv4Address destination);

// Whether a packet to this platform address gets as far as what answers there.
bool reaches_platform(const Network& network, const Origin& origin, Ipv4Address destination);

struct PlatformVerdict {
  lab::Verdict verdict = lab::Verdict::kDrop;  // or Allow, or Deny by a rule
  Step step{};
  DecidedBy decided_by{};
  const Gate* denied_by = nullptr;  // of Deny
};

// `packet` is for a platform address. Azure DNS answers apps and machines in networks, on port 53
// alone; instance metadata machines and what enters a network as a whole, on tcp/80 alone: with
// application routing off 169.254.0.0/16 stays in the worker.
PlatformVerdict platform_verdict(const Network& network, const Origin& origin,
                                 const Packet& packet);

}  // namespace egress::policy
