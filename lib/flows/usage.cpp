// SPDX-License-Identifier: MIT
#include "flows/usage.hpp"

#include <algorithm>
#include <tuple>

namespace egress::flows {

namespace {

// All but the count.
auto key_of(const SnatUse& use) {
  return std::tie(use.instance, use.address, use.destination, use.port);
}

struct ByKey {
  bool operator()(const SnatUse& one, const SnatUse& other) const {
    return key_of(one) < key_of(other);
  }
};

}  // namespace

std::vector<SnatUse> snat_use(const std::map<Ipv4Address, policy::WorkerKey>& inside_addresses,
                              const std::vector<state::TrackedFlow>& flows, size_t most) {
  std::map<SnatUse, size_t, ByKey> counts;
  for (const state::TrackedFlow& flow : flows) {
    const auto instance = inside_addresses.find(flow.source);
    const bool translated = flow.reply_destination != flow.source;
    if (instance == inside_addresses.end() || !translated || !has_ports(flow.protocol)) continue;
    ++counts[{.instance = instance->second,
              .address = flow.reply_destination,
              .destination = flow.destination,
              .port = {static_cast<Protocol>(flow.protocol), flow.destination_port}}];
  }
  std::vector<SnatUse> uses;
  for (const auto& [use, count] : counts) uses.emplace_back(use).used = count;
  std::stable_sort(uses.begin(), uses.end(), [](const SnatUse& one, const SnatUse& other) {
    return std::tie(one.instance, other.used) < std::tie(other.instance, one.used);
  });
  size_t listed = 0;
  const SnatUse* last = nullptr;
  std::vector<SnatUse> largest;
  for (const SnatUse& use : uses) {
    listed = last != nullptr && last->instance == use.instance ? listed + 1 : 1;
    last = &use;
    if (listed <= most) largest.push_back(use);
  }
  return largest;
}

std::vector<NatUse> nat_use(const policy::Network& network,
                            const policy::Network::NatGateway& gateway,
                            const std::vector<state::TrackedFlow>& flows) {
  std::vector<NatUse> uses;
  std::map<std::pair<Ipv4Address, uint8_t>, size_t> places;
  for (const Ipv4Address address : gateway.addresses) {
    for (const Protocol protocol : {Protocol::kTcp, Protocol::kUdp}) {
      places[{address, number_of(protocol)}] = uses.size();
      uses.push_back({.address = address, .protocol = protocol});
    }
  }
  for (const state::TrackedFlow& flow : flows) {
    const auto place = places.find({flow.reply_destination, flow.protocol});
    if (place == places.end()) continue;
    NatUse& use = uses[place->second];
    ++use.used;
    const policy::Index sender = network.owner(gateway.vnet, flow.source);
    if (sender != policy::kNowhere) ++use.senders[network.interfaces[sender].name];
  }
  return uses;
}

}  // namespace egress::flows
