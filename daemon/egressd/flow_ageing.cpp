// SPDX-License-Identifier: MIT
#include "egressd/flow_ageing.hpp"

#include <utility>

#include "compile/names.hpp"
#include "flows/ageing.hpp"

namespace egress::daemon {

namespace {

// How many have ended.
Result<size_t> age_all(kernel::FlowTable& table, std::chrono::seconds by) {
  ASSIGN_OR_RETURN(const std::vector<state::TrackedFlow> flows, table.list());
  const flows::Aged aged = flows::aged(flows, by);
  RETURN_IF_ERROR(table.remove(aged.ended));
  RETURN_IF_ERROR(table.set_timeouts(aged.remaining));
  return aged.ended.size();
}

}  // namespace

FlowAgeing::FlowAgeing(kernel::Kernel& kernel, const policy::Network& network,
                       const std::string& prefix) {
  const auto add = [&](const state::NetnsName& netns) {
    tracked_.push_back({netns, kernel.flows(netns)});
  };
  add(compile::stamp_netns(prefix));
  for (const policy::Network::NatGateway& gateway : network.nat_gateways) {
    add(compile::nat_netns(prefix, gateway.name));
  }
  for (const policy::Network::Vnet& vnet : network.vnets) {
    add(compile::vnet_netns(prefix, vnet.name));
  }
}

FlowAgeing::Report FlowAgeing::age(std::chrono::seconds by) const {
  Report report;
  for (const Tracked& tracked : tracked_) {
    const Result<size_t> ended =
        tracked.flows.ok() ? age_all(**tracked.flows, by) : Result<size_t>(tracked.flows.error());
    if (ended.ok()) {
      report.ended += *ended;
    } else {
      report.failed.push_back({"flows of " + tracked.netns, ended.error().to_string()});
    }
  }
  return report;
}

}  // namespace egress::daemon
