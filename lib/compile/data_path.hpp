// SPDX-License-Identifier: MIT
#pragma once

// The parts of the data path, each adding its namespaces to the fabric (ARCHITECTURE.md section 2):
// internet.cpp, vnet.cpp with vnet_firewall.cpp, worker.cpp; and gate.cpp, which both sides of a
// subnet use.

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "compile/fabric.hpp"
#include "state/nft_table.hpp"

namespace egress::compile {

// Stamp, Internet and the hosts there.
void add_internet(Fabric& fabric);
// VNet namespaces with peerings and transit links, and the hosts in their subnets; with firewalls
// those of which `with_firewall` has the index.
Status add_virtual_networks(Fabric& fabric, const std::set<policy::Index>& with_firewall);
// Worker namespaces with the namespaces of the apps on them.
Status add_workers(Fabric& fabric);

// What joins a worker's integration and its VNet.
struct IntegrationLink {
  const policy::Interface* interface = nullptr;
  std::string worker_link{};  // "integ0"
  std::string vnet_port{};    // "w-plan-0-0", for Fabric::link
};
// Of one plan instance, in the order of their subnets' names.
std::vector<IntegrationLink> integration_links(const Fabric& fabric,
                                               const policy::Network::WorkerName& worker);

// A host's namespace with its interface to `router`; returns the router's port.
std::string add_host(Fabric& fabric, const policy::Interface& host, const std::string& router);
// What ports are called, for Fabric::link: of a host in its VNet or the Internet, of a worker's
// direct path in the stamp.
std::string host_port(const std::string& host);
std::string direct_port(const std::string& server_farm, int instance);

// One subnet's security list in one direction.
struct GateSpec {
  std::string subnet{};  // without its VNet
  lab::Direction direction = lab::Direction::kOutbound;
  uint32_t id = 0;  // stands for the gate in its half of the connection mark, 1..65535
  std::optional<uint32_t> steer{};  // the packet mark of what it admits
};
// The gate's chain (gate_chain) with all that it leads to. The packet mark is scratch in it.
void add_gate(Fabric& fabric, state::NftTable& table, const policy::Gate& list,
              const GateSpec& gate);
// The rule that spares a flow the gate which has admitted it before.
state::NftRule admitted_before(const GateSpec& gate);

}  // namespace egress::compile
