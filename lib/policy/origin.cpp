// SPDX-License-Identifier: MIT
#include "policy/origin.hpp"

#include <fmt/format.h>

namespace egress::policy {

Result<Network::App> declared_app(const Network& network, const Sender& sender,
                                  bool public_attempt) {
  const auto site = network.sites.find(sender.site);
  if (site == network.sites.end()) {
    return Error{.code = Errc::kNotFound, .message = fmt::format("no site '{}'", sender.site)};
  }
  if (auto app = network.find(sender, public_attempt)) return *std::move(app);
  return Error{.code = Errc::kNotFound,
               .message = fmt::format("site '{}' has instances 0 to {}, not {}", site->first,
                                      site->second.workers.size() - 1, sender.instance)};
}

Result<Network::App> find_app(const Network& network, const Sender& sender, bool public_attempt) {
  ASSIGN_OR_RETURN(Network::App app, declared_app(network, sender, public_attempt));
  if (app.lane->routing.integrated && !app.lease) {
    return Error{.code = Errc::kNotFound,
                 .message = sender.to_string() + " has no integration address"};
  }
  return app;
}

Result<Index> find_machine(const Network& network, const std::string& host) {
  const auto found = network.situation.lab.hosts.find(host);
  for (Index index = 0; index < network.interfaces.size(); ++index) {
    const bool is_it = found != network.situation.lab.hosts.end() &&
                       network.interfaces[index].host == &found->second;
    if (is_it) return index;
  }
  return Error{.code = Errc::kNotFound, .message = fmt::format("no host '{}'", host)};
}

Origin origin_of(const Network& network, const Network::App& app) {
  Origin origin{.name = name_of(app.name, *app.worker), .app = &app, .worker = app.worker};
  if (app.lane->public_attempt) origin.name += " (public attempt)";
  if (app.lane->routing.scope == TrafficRouting::Scope::kNothing) return origin;
  for (const Index each : app.worker->integrations) {
    if (network.interfaces[each].subnet == app.site->subnet) origin.interface = each;
  }
  return origin;
}

Origin origin_of(const Network& network, Index machine) {
  return {.name = network.interfaces[machine].name, .interface = machine};
}

Origin origin_of_integration(const Network& network, Index integration) {
  const Interface& interface = network.interfaces[integration];
  const lab::Integration& its = *interface.integration;
  return {.name = interface.name,
          .worker = &network.workers.at({its.server_farm, its.instance, its.incarnation}),
          .interface = integration};
}

}  // namespace egress::policy
