// SPDX-License-Identifier: MIT
#pragma once

// One plan instance while it is compiled: what its apps and their lanes add to its namespace.

#include <map>
#include <string>
#include <vector>

#include "compile/data_path.hpp"
#include "compile/instances.hpp"

namespace egress::compile {

struct Worker {
  Fabric& fabric;
  policy::Network::Instance instance;
  InstanceNetns called;
  std::string name;  // of the namespace, by now
  std::vector<IntegrationLink> integrations;
  std::vector<state::NftElement> zones{};
  std::vector<state::NftElement> platform_zones{};  // of what enters by eth0
  std::vector<state::NftElement> sources{};
  std::vector<state::NftElement> own{};  // addresses of apps and lanes, by their ports
  // Of apps that front ends lead to, by the address under which these know them.
  std::vector<state::NftElement> requests{};
  std::vector<state::NftElement> private_ports{};  // and the apps that have them
  // Ports of Windows apps, and of those of them that have no integration (sandbox.hpp).
  std::vector<state::NftElement> sandboxed{};
  std::vector<state::NftElement> outside{};

  state::NetnsState& netns() const { return fabric.netns(name); }
  // The one that the site has joined, or null.
  const IntegrationLink* integration_of(const policy::Network::Site& site) const;
  const policy::WorkerKey& key() const { return instance.name; }
};

// The numbers of a plan's apps, by site: their addresses in the nets of their interfaces.
Result<Numbers> app_slots(const policy::Situation& situation, const std::string& server_farm);
Status number_apps(const policy::Situation& situation, NumberBook& book);
Ipv4Address app_address(const Ipv4Prefix& net, uint32_t slot);

// The worker's own address on the links of that net: there the gateway of whoever sends.
Ipv4Address gateway_in(const Ipv4Prefix& net);

// An interface whose packets go one way through the worker.
struct SenderLink {
  InstanceNetns netns{};
  std::string link{};  // in there
  std::string port{};  // in the worker
  Ipv4Address address{};
  uint8_t length = 32;
  Ipv4Address gateway{};  // the worker's own address on the port
  uint32_t table = 0;     // of the worker, which is the way
};
void join_sender(Worker& worker, const SenderLink& link);

}  // namespace egress::compile
