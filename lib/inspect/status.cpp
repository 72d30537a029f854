// SPDX-License-Identifier: MIT
#include "inspect/status.hpp"

#include <fmt/format.h>

#include "compile/names.hpp"
#include "policy/application_routing.hpp"
#include "policy/source_nat.hpp"

namespace egress::inspect {

namespace {

std::string routing_name(const policy::ApplicationRouting& routing) {
  if (!routing.integrated) return "none";
  return routing.all ? "all" : "private";
}

AppStatus app_status(const lab::Lab& lab, const lab::IntegrationAddresses& addresses,
                     const std::string& prefix, const std::string& name, int instance) {
  const lab::Site& site = lab.sites.at(name);
  AppStatus app{.site = name,
                .instance = instance,
                .worker = compile::worker_netns(prefix, site.server_farm, instance),
                .netns = compile::app_netns(prefix, name, instance),
                .integrated = site.virtual_network_subnet.has_value(),
                .outbound_ip = policy::outbound_address(lab, site.server_farm, instance),
                .application_routing = routing_name(policy::application_routing(site))};
  if (site.virtual_network_subnet) {
    app.subnet = site.virtual_network_subnet->to_string();
    const auto lease = addresses.find({site.server_farm, instance, *site.virtual_network_subnet});
    if (lease != addresses.end()) app.private_ip = lease->second;
  }
  return app;
}

WorkerStatus worker_status(const lab::IntegrationAddresses& addresses, const std::string& prefix,
                           const std::string& farm, int instance) {
  WorkerStatus worker{.name = fmt::format("{}/{}", farm, instance),
                      .netns = compile::worker_netns(prefix, farm, instance)};
  for (auto lease = addresses.lower_bound({farm, instance, {}});
       lease != addresses.end() && lease->first.server_farm == farm &&
       lease->first.instance == instance;
       ++lease) {
    worker.interfaces.push_back({fmt::format("integ{}", worker.interfaces.size()),
                                 lease->first.subnet.to_string(), lease->second});
  }
  return worker;
}

}  // namespace

StatusReport describe(const lab::Lab& lab, const lab::IntegrationAddresses& addresses,
                      const std::string& prefix) {
  StatusReport report{.prefix = prefix};
  for (const auto& [name, site] : lab.sites) {
    const auto farm = lab.server_farms.find(site.server_farm);
    const int capacity = farm == lab.server_farms.end() ? 0 : farm->second.capacity;
    for (int instance = 0; instance < capacity; ++instance) {
      report.apps.push_back(app_status(lab, addresses, prefix, name, instance));
    }
  }
  for (const auto& [name, farm] : lab.server_farms) {
    for (int instance = 0; instance < farm.capacity; ++instance) {
      report.workers.push_back(worker_status(addresses, prefix, name, instance));
    }
  }
  for (const auto& [name, host] : lab.hosts) {
    HostStatus status{name, compile::host_netns(prefix, name), host.ip_address, {}};
    for (const Port& listen : host.listen) {
      status.listen.push_back(listen.to_string());
    }
    report.hosts.push_back(std::move(status));
  }
  return report;
}

}  // namespace egress::inspect
