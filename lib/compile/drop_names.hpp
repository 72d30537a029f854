// SPDX-License-Identifier: MIT
#pragma once

// What the kernel says of a packet that a network's own rules have dropped, in Azure's words.

#include <map>
#include <optional>
#include <string>

#include "lab/lab.hpp"
#include "policy/network.hpp"

namespace egress::compile {

struct DropName {
  std::string rule{};  // "nsg-apps/deny-sql", or the property that asks for it
  std::optional<lab::Direction> direction{};  // of a security list
  // The subnet, "spoke/apps", the machine whose own list it is, "host/vm", or the virtual network.
  std::string where{};
  bool operator==(const DropName&) const = default;
};

// Of all rules of a VNet's firewall that log what they drop, by the prefix that readers see
// (state::DroppedPacket).
std::map<std::string, DropName> drop_names(const policy::Network& network, policy::Index vnet);

// The same of the firewall of a machine that has network rules.
std::map<std::string, DropName> drop_names(const policy::Network& network,
                                           const policy::Interface& firewall);

// The property of `vnet` by which a peer's packets from elsewhere are dropped.
std::string allow_forwarded_traffic(const std::string& vnet, const std::string& peer);

}  // namespace egress::compile
