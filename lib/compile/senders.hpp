// SPDX-License-Identifier: MIT
#pragma once

// Who an address is that a worker's connection tracking has for a source: there, before any
// translation, each app and each lane of it has one of its own.

#include <map>
#include <string>

#include "base/ip.hpp"
#include "base/result.hpp"
#include "policy/network.hpp"

namespace egress::compile {

struct SenderAt {
  policy::Sender sender{};
  bool public_attempt = false;  // of the two in which a Key Vault is asked
  bool operator==(const SenderAt&) const = default;
};

// kInvalid when the plan has more apps than addresses.
Result<std::map<Ipv4Address, SenderAt>> senders_of(const policy::Network& network,
                                                   const policy::WorkerKey& worker);

}  // namespace egress::compile
