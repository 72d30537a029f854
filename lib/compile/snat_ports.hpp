// SPDX-License-Identifier: MIT
#pragma once

// The ports of App Service's own source NAT. Each plan instance has a block of its outbound
// address's own, all of which it may use to each destination: address, port and protocol
// (azure-facts 7.2.1; contract "Decided" 16).

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "lab/load.hpp"
#include "policy/lanes.hpp"
#include "policy/network.hpp"

namespace egress::compile {

struct PortBlock {
  uint16_t first = 0;
  uint16_t last = 0;
  bool operator==(const PortBlock&) const = default;
};

using PortBlocks = std::map<policy::WorkerKey, PortBlock>;

// All kInvalid when more instances share an address than it has blocks.
Result<PortBlocks> snat_ports(const policy::Network& network);
// Of the address under which the platform asks Key Vault in public: a block for each instance that
// does (lanes.hpp).
Result<PortBlocks> key_vault_ports(const policy::Network& network);
// The places of all blocks in their addresses.
Status number_port_blocks(const policy::Situation& situation, NumberBook& book);

// An error of code "snat-ports" for each address that more instances share than it has blocks;
// `file` is the lab's name, `traffic` the classes in use.
std::vector<lab::Finding> check_snat_ports(const lab::Lab& lab, const lab::Instances& instances,
                                           const policy::TrafficInUse& traffic,
                                           const std::string& file);

}  // namespace egress::compile
