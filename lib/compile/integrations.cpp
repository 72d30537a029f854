// SPDX-License-Identifier: MIT
#include "compile/integrations.hpp"

#include <fmt/format.h>

#include <set>

#include "lab/limits.hpp"

namespace egress::compile {
namespace {

std::string book_of_integrations(const std::string& server_farm) {
  return "integrations/" + server_farm;
}

// Who holds a number keeps it; the others have the lowest that are free.
Numbers numbers_of(const std::set<lab::SubnetRef>& subnets, const Numbers& held) {
  Numbers numbers;
  std::set<uint32_t> taken;
  for (const lab::SubnetRef& subnet : subnets) {
    const auto number = held.find(subnet.to_string());
    if (number == held.end() || number->second >= lab::kMaxIntegrationsPerPlan) continue;
    if (taken.insert(number->second).second) numbers.insert(*number);
  }
  for (const lab::SubnetRef& subnet : subnets) {
    if (numbers.contains(subnet.to_string())) continue;
    uint32_t number = 0;
    while (!taken.insert(number).second) ++number;
    numbers[subnet.to_string()] = number;
  }
  return numbers;
}

}  // namespace

std::vector<IntegrationLink> integration_links(const policy::Network& network,
                                               const policy::WorkerKey& worker) {
  const std::vector<policy::Index>& integrations = network.workers.at(worker).integrations;
  std::set<lab::SubnetRef> subnets;
  for (const policy::Index each : integrations) {
    subnets.insert(network.interfaces[each].integration->subnet);
  }
  const Numbers numbers = numbers_of(
      subnets, numbers_in(network.situation.numbers, book_of_integrations(worker.server_farm)));
  std::vector<IntegrationLink> links;
  for (const policy::Index each : integrations) {
    const policy::Interface& interface = network.interfaces[each];
    const uint32_t number = numbers.at(interface.integration->subnet.to_string());
    links.push_back({&interface, number, fmt::format("integ{}", number),
                     fmt::format("w-{}-{}-{}", worker.server_farm,
                                 lab::instance_text(worker.instance, worker.incarnation), number)});
  }
  return links;
}

void number_integrations(const policy::Situation& situation, NumberBook& book) {
  std::map<std::string, std::set<lab::SubnetRef>> subnets;
  for (const auto& [integration, address] : situation.leases) {
    subnets[integration.server_farm].insert(integration.subnet);
  }
  for (const auto& [server_farm, of_plan] : subnets) {
    const std::string of = book_of_integrations(server_farm);
    book[of] = numbers_of(of_plan, numbers_in(situation.numbers, of));
  }
}

}  // namespace egress::compile
