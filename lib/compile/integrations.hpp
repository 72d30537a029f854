// SPDX-License-Identifier: MIT
#pragma once

// The integrations of a plan, on each of its instances: a first and a second one, which are called
// so for as long as they are there. Links, routing tables and zones of connection tracking in the
// worker go by that.

#include <string>
#include <vector>

#include "base/slots.hpp"
#include "policy/network.hpp"

namespace egress::compile {

// One of a plan's instance.
struct IntegrationLink {
  const policy::Interface* interface = nullptr;
  uint32_t number = 0;        // 0 or 1
  std::string worker_link{};  // "integ0"
  std::string vnet_port{};    // "w-plan-0-0", what joins it there, for Fabric::link
};
// In the order of their subnets' names.
std::vector<IntegrationLink> integration_links(const policy::Network& network,
                                               const policy::WorkerKey& worker);

// Adds the numbers of all plans' integrations to a book.
void number_integrations(const policy::Situation& situation, NumberBook& book);

}  // namespace egress::compile
