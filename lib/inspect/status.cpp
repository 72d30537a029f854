// SPDX-License-Identifier: MIT
#include "inspect/status.hpp"

#include <fmt/format.h>

#include "compile/integrations.hpp"
#include "compile/names.hpp"

namespace egress::inspect {

namespace {

std::string routing_name(const policy::TrafficRouting& routing) {
  switch (routing.scope) {
    case policy::TrafficRouting::Scope::kNothing: return "none";
    case policy::TrafficRouting::Scope::kPrivate: return "private";
    case policy::TrafficRouting::Scope::kEverything: return "all";
  }
  return "none";
}

AppStatus app_status(const policy::Network& network, const policy::Network::App& app,
                     const std::string& prefix) {
  const policy::Network::Site& site = *app.site;
  const policy::TrafficRouting& routing = app.lane->routing;
  const std::string& name = app.name.site;
  const int instance = app.name.instance;
  return {.site = name,
          .instance = instance,
          .incarnation = app.instance.incarnation,
          .standing = app.worker->standing,
          .worker = compile::worker_netns(prefix, site.declared->server_farm, instance,
                                          app.worker->is_next),
          .netns = compile::app_netns(prefix, name, instance, app.worker->is_next),
          .integrated = routing.integrated,
          .subnet = routing.integrated ? network.subnets[site.subnet].name : "",
          .private_ip = app.lease,
          .private_ports = site.private_ports,
          .outbound_ip = app.worker->outbound,
          .application_routing = routing_name(routing)};
}

std::vector<std::string> texts_of(const std::vector<Port>& ports) {
  std::vector<std::string> texts;
  for (const Port& port : ports) texts.push_back(port.to_string());
  return texts;
}

void add_gateways(const policy::Situation& situation, const std::string& prefix,
                  StatusReport& report) {
  const lab::Lab& lab = situation.lab;
  for (const auto& [name, gateway] : lab.virtual_network_gateways) {
    GatewayStatus& status =
        report.gateways.emplace_back(GatewayStatus{.name = name,
                                                   .netns = compile::gateway_netns(prefix, name),
                                                   .virtual_network = gateway.virtual_network});
    for (const auto& [network, connection] : gateway.connections) {
      status.connections.push_back(
          {.on_premises = network,
           .learned = lab::learned_from(lab, name, network, situation.learned).size(),
           .declared = lab.on_premises.at(network).local_network_address_space.size()});
    }
    for (const lab::BgpPeering& peering : lab::bgp_peerings(lab, gateway)) {
      for (GatewayConnectionStatus& each : status.connections) {
        if (each.on_premises == peering.on_premises) {
          each.neighbour = peering.remote.bgp_peering_address;
        }
      }
    }
  }
}

}  // namespace

const char* name_of(BgpState state) {
  return state == BgpState::kConnected ? "Connected" : "Connecting";
}

StatusReport describe(const policy::Network& network, const std::string& prefix) {
  StatusReport report{.prefix = prefix};
  for (const auto& [name, site] : network.sites) {
    for (const policy::Network::Instance& each : site.instances) {
      const auto app = network.find(
          {.site = name, .instance = each.name.instance, .incarnation = each.name.incarnation});
      report.apps.push_back(app_status(network, *app, prefix));
    }
  }
  for (const auto& [name, worker] : network.workers) {
    const auto& [farm, instance, incarnation] = name;
    WorkerStatus& status = report.workers.emplace_back(
        WorkerStatus{.name = fmt::format("{}/{}{}", farm, instance, worker.is_next ? " next" : ""),
                     .netns = compile::worker_netns(prefix, farm, instance, worker.is_next)});
    for (const compile::IntegrationLink& link : compile::integration_links(network, name)) {
      status.interfaces.push_back({link.worker_link, network.subnets[link.interface->subnet].name,
                                   link.interface->address});
    }
  }
  for (const auto& [name, host] : network.situation.lab.hosts) {
    report.hosts.push_back(
        {.name = name,
         .kind = "host",
         .netns = compile::host_netns(prefix, name),
         .address = host.has_address() ? std::optional(host.ip_address) : std::nullopt,
         .prefixes = host.address_prefixes,
         .listen = texts_of(host.listen)});
  }
  for (const policy::Interface& each : network.interfaces) {
    if (each.kind == policy::InterfaceKind::kService) {
      report.hosts.push_back({.name = each.name,
                              .kind = "service",
                              .netns = compile::service_netns(prefix, each.name),
                              .address = each.address,
                              .listen = texts_of(each.listen)});
    } else if (each.kind == policy::InterfaceKind::kFrontEnd) {
      report.hosts.push_back({.name = each.name,
                              .kind = "front",
                              .netns = compile::front_netns(prefix, each.name),
                              .address = each.site->inbound_ip_address,
                              .listen = texts_of(each.listen)});
    }
  }
  add_gateways(network.situation, prefix, report);
  return report;
}

std::vector<ScalingStatus> scalings_of(const lab::Lab& lab, const lab::Instances& instances) {
  std::vector<ScalingStatus> all;
  for (const auto& [name, plan] : instances) {
    const auto farm = lab.server_farms.find(name);
    if (!plan.outgoing || farm == lab.server_farms.end()) continue;
    all.push_back(
        {.change = {.server_farm = name,
                    .capacity_before = plan.outgoing->capacity,
                    .capacity = farm->second.capacity,
                    .sku_before = plan.outgoing->sku,
                    .sku = farm->second.sku,
                    .all_new = true},
         .stage = plan.outgoing->serve ? lab::Standing::kStarting : lab::Standing::kDraining});
  }
  return all;
}

}  // namespace egress::inspect
