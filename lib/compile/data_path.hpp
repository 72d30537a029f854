// SPDX-License-Identifier: MIT
#pragma once

// The parts of the data path, each adding its namespaces to the fabric (ARCHITECTURE.md section 2):
// internet.cpp, stamp.cpp, nat_gateway.cpp, vnet.cpp with vnet_numbers.cpp, vnet_routes.cpp,
// vnet_firewall.cpp, vnet_outside.cpp, vnet_exits.cpp and load_balancing.cpp, appliance.cpp,
// on_premises.cpp with speakers.cpp, ways.cpp, worker.cpp with lanes.cpp and wires.cpp, front.cpp,
// answers.cpp; and gate.cpp, which both sides of a subnet use, and firewalls.

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "compile/fabric.hpp"
#include "compile/integrations.hpp"
#include "policy/service_access.hpp"
#include "state/nft_table.hpp"

namespace egress::compile {

// Stamp, Internet and the hosts there.
void add_internet(Fabric& fabric);
// NAT gateways with their way to the Internet, which is there already.
void add_nat_gateways(Fabric& fabric);
// What the port of a NAT gateway is called in its VNet, and in the Internet, for Fabric::link.
std::string nat_port(const std::string& gateway);
// Gateways with their way to the networks on-premises, and those with their hosts. Virtual networks
// have named their ports, and the Internet is there.
void add_gateways(Fabric& fabric);
// What the port of a gateway to a network on-premises is called there, for Fabric::link.
std::string connection_link(const std::string& network);
// What the port of a network on-premises is called in the Internet, for Fabric::link.
std::string on_premises_port(const std::string& network);
// Who sees none of the addresses that translate (policy::Interface::hides_outbound_addresses).
state::NftMap hiding_set(const policy::Network& network);
// The stamp alone, of which add_internet() makes a part.
void add_stamp(Fabric& fabric);
// What the port of a VNet is called there, and in the Internet, for Fabric::link.
std::string vnet_port(const std::string& vnet);
// VNet namespaces with peerings and transit links, and the hosts in their subnets; with firewalls
// those of which `with_firewall` has the index.
Status add_virtual_networks(Fabric& fabric, const std::set<policy::Index>& with_firewall);
// The numbers of the routing tables and gates that virtual networks may need. kInvalid when one of
// them needs too many.
Status number_virtual_networks(const policy::Situation& situation, NumberBook& book);
// What receivers have beside eth0: the links of their ways, each with a routing table by which
// answers go back.
void add_ways(Fabric& fabric);
// The marks of a receiver's ways, by their links there.
state::NftMap marks_of(const Fabric& fabric, policy::Index receiver);
// Worker namespaces with those of the apps on them and of their lanes.
Status add_workers(Fabric& fabric);
// What joins front ends, which are there already, with the workers of their apps.
void add_fronts(Fabric& fabric);
// What the port of a front end is called in a worker, for Fabric::link.
std::string front_port(const std::string& site);
// Whether what comes to a front end by such a way goes on to the app; its responder refuses the
// rest.
bool takes_requests(const Fabric& fabric, const policy::Interface& front, policy::Entry::Way way);

// The namespace of a host, a service or a front end with its interface to `router`; returns the
// router's port.
std::string add_machine(Fabric& fabric, const policy::Interface& machine,
                        const std::string& router);
// What a router says of packets that it drops or turns around: nothing, as Azure's fabric does.
// Whoever traces a route in an app sees none of the emulator's own namespaces.
state::NftChain silence();
// What a host that forwards does to what it forwards.
state::Firewall appliance_firewall(Fabric& fabric, const policy::Interface& host);
// What answers on its ports.
void add_responder(Fabric& fabric, const policy::Interface& machine);
// What answers questions about names, for metadata and for tokens, in namespaces that are there
// already.
void add_platform_processes(Fabric& fabric);
void add_process(state::NetnsState& netns, const char* name, const char* program);
void attach(state::NetnsState& netns, state::Attachment attachment);
// What the port of a worker's direct path is called in the stamp, for Fabric::link.
std::string direct_port(const policy::WorkerKey& worker);

// One security list in one direction, of a subnet or of a machine's own.
struct GateSpec {
  std::string chain{};
  lab::Direction direction = lab::Direction::kOutbound;
  uint32_t id = 0;  // stands for the gate in its half of the connection mark; 0: in none
  std::optional<uint32_t> steer{};  // the packet mark of what it admits
  std::string next{};  // the chain that what it admits goes on to, in place of these two; or empty
};
// The gate's chain with all that it leads to, and what is in front of the list. The packet mark is
// scratch in it.
void add_gate(Fabric& fabric, state::NftTable& table, const policy::Gate& list,
              const GateSpec& gate);
// By which chain packets get to the list of the gate `chain`.
std::string entry(const policy::Gate& list, const std::string& chain);
// The rule that spares a flow the gate which has admitted it before.
void add_admitted_before(std::vector<state::NftRule>& rules, const GateSpec& gate);

}  // namespace egress::compile
