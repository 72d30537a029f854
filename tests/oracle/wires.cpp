// SPDX-License-Identifier: MIT
#include "tests/oracle/wires.hpp"

#include <map>

namespace egress::oracle {

using lab::IntegrationInterface;

void draw_wires(lab::Lab& lab, Random& random) {
  for (auto& [name, farm] : lab.server_farms) {
    const bool wires = random.chance(kPercentOnWires);
    farm.interface = wires ? IntegrationInterface::kTun : IntegrationInterface::kVeth;
  }
}

void change_wires(lab::Lab& lab, Random& random) {
  lab::ServerFarm& farm = random.any_of(lab.server_farms);
  const bool wires = kPercentOnWires > 0 && farm.interface == IntegrationInterface::kVeth;
  farm.interface = wires ? IntegrationInterface::kTun : IntegrationInterface::kVeth;
}

std::set<std::string> wire_features(const lab::Lab& lab) {
  std::set<std::string> features;
  std::map<std::string, std::set<IntegrationInterface>> kinds;
  for (const lab::Integration& each : lab::integrations(lab)) {
    const IntegrationInterface kind = lab.server_farms.at(each.server_farm).interface;
    kinds[each.subnet.vnet].insert(kind);
    features.insert(kind == IntegrationInterface::kTun ? "plan on wires" : "plan on veth pairs");
  }
  for (const auto& [vnet, found] : kinds) {
    if (found.size() > 1) features.insert("network with wires and veth pairs");
  }
  return features;
}

}  // namespace egress::oracle
