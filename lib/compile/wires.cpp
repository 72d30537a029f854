// SPDX-License-Identifier: MIT
#include "compile/wires.hpp"

#include <algorithm>

#include "compile/data_path.hpp"
#include "compile/instances.hpp"
#include "settings/situation_text.hpp"
#include "settings/wire_text.hpp"

namespace egress::compile {
namespace {

using policy::Network;

bool has_wires(const Network& network) {
  return std::any_of(network.workers.begin(), network.workers.end(),
                     [&](const auto& worker) { return compile::has_wires(network, worker.first); });
}

void attach_end(Fabric& fabric, const std::string& netns, const settings::WireEnd& end) {
  attach(fabric.netns(netns),
         state::make_attachment(settings::kWireAttachment + end.link,
                                {stamp_netns(fabric.options.prefix), kWireProcess},
                                settings::to_text(end)));
}

void attach_ends(Fabric& fabric, const Network::Instance& worker, const IntegrationLink& link) {
  const std::string& prefix = fabric.options.prefix;
  const policy::Situation& situation = fabric.network.situation;
  const lab::Integration& integration = *link.interface->integration;
  settings::WireEnd end{
      .wire = settings::wire_name(integration),
      .in_worker = true,
      .link = link.worker_link,
      .integration = integration,
      .impairment = situation.lab.server_farms.at(worker.name.server_farm).impairment};
  if (const auto imposed = situation.imposed.find(worker.name);
      imposed != situation.imposed.end()) {
    end.imposed = imposed->second;
  }
  attach_end(fabric, worker_namespace(prefix, worker).name(), end);
  const std::string vnet = vnet_netns(prefix, fabric.network.vnets[link.interface->vnet].name);
  attach_end(
      fabric, vnet,
      {.wire = end.wire, .link = fabric.link(vnet, link.vnet_port), .integration = integration});
}

}  // namespace

bool has_wires(const Network& network, const policy::WorkerKey& worker) {
  const Network::Worker& analysed = network.workers.at(worker);
  return analysed.interface == lab::IntegrationInterface::kTun && !analysed.integrations.empty();
}

void Fabric::wire(const End& worker, const End& vnet) {
  for (const End* end : {&worker, &vnet}) {
    netns(end->netns).links[end->link] = {.name = end->link,
                                          .kind = state::LinkKind::kTun,
                                          .forwarding = end->forwarding,
                                          .accept_local = end->accept_local,
                                          .alias = end->alias,
                                          .tx_queue_length = settings::kWireQueue};
  }
}

void attach_network_of_wires(state::KernelState& state, const Network& network,
                             const std::string& prefix) {
  if (!has_wires(network)) return;
  const std::string stamp = stamp_netns(prefix);
  attach(state.at(stamp).change(),
         state::make_attachment(settings::kNetworkAttachment, {stamp, kWireProcess},
                                settings::to_text(network.situation)));
}

void add_wires(Fabric& fabric) {
  if (!has_wires(fabric.network)) return;
  const std::string& prefix = fabric.options.prefix;
  add_process(fabric.netns(stamp_netns(prefix)), kWireProcess, "egress-wire");
  attach_network_of_wires(fabric.state, fabric.network, prefix);
  for (const Network::Instance& worker : instances_of(fabric.network)) {
    if (!has_wires(fabric.network, worker.name)) continue;
    for (const IntegrationLink& link : integration_links(fabric.network, worker.name)) {
      attach_ends(fabric, worker, link);
    }
  }
}

}  // namespace egress::compile
