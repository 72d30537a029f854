// SPDX-License-Identifier: MIT
#include "egressd/port_usage.hpp"

#include <fmt/format.h>

#include <utility>

#include "compile/inside_addresses.hpp"
#include "compile/names.hpp"
#include "flows/usage.hpp"
#include "lab/limits.hpp"

namespace egress::daemon {

PortUsage::PortUsage(kernel::Kernel& kernel, std::shared_ptr<const policy::Network> network,
                     const std::string& prefix)
    : network_(std::move(network)) {
  const auto flows_of = [&](const state::NetnsName& netns) -> Flows {
    auto flows = kernel.flows(netns);
    return flows.ok() ? *std::move(flows) : nullptr;
  };
  app_service_ = flows_of(compile::stamp_netns(prefix));
  for (const policy::Network::NatGateway& gateway : network_->nat_gateways) {
    gateways_.push_back(flows_of(compile::nat_netns(prefix, gateway.name)));
  }
}

void PortUsage::describe(inspect::StatusReport& report) const {
  const auto note = [&](const Status& counted) {
    if (counted.ok()) return;
    report.problems.push_back(counted.error().to_string());
    report.in_sync = false;
  };
  if (app_service_ != nullptr) note(count_app_service(report));
  for (policy::Index index = 0; index < gateways_.size(); ++index) {
    if (gateways_[index] != nullptr) note(count_gateway(index, report));
  }
}

// Of each instance the three destinations with the most ports: those that run out first.
Status PortUsage::count_app_service(inspect::StatusReport& report) const {
  constexpr size_t kMost = 3;
  ASSIGN_OR_RETURN(const compile::InsideAddresses inside, compile::inside_addresses(*network_));
  ASSIGN_OR_RETURN(const std::vector<state::TrackedFlow> flows, app_service_->list());
  for (const flows::SnatUse& use : flows::snat_use(inside, flows, kMost)) {
    report.snat.push_back({fmt::format("{}/{}", use.instance.server_farm, use.instance.instance),
                           use.address, use.destination, use.port, use.used});
  }
  return {};
}

Status PortUsage::count_gateway(policy::Index index, inspect::StatusReport& report) const {
  const policy::Network::NatGateway& gateway = network_->nat_gateways[index];
  ASSIGN_OR_RETURN(const std::vector<state::TrackedFlow> flows, gateways_[index]->list());
  for (const flows::NatUse& use : flows::nat_use(*network_, gateway, flows)) {
    report.nat_gateways.push_back({gateway.name, use.address, use.protocol, use.used,
                                   size_t{lab::kPortsPerAddress}, use.senders});
  }
  return {};
}

}  // namespace egress::daemon
