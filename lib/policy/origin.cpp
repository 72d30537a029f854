// SPDX-License-Identifier: MIT
#include "policy/origin.hpp"

#include <fmt/format.h>

namespace egress::policy {

Result<Network::App> find_app(const Network& network, const Sender& sender) {
  auto app = network.find(sender);
  if (!app) {
    return Error{.code = Errc::kNotFound,
                 .message = fmt::format("app {} has no instance {}", sender.site, sender.instance)};
  }
  if (app->site->routing.integrated && !app->lease) {
    return Error{.code = Errc::kNotFound,
                 .message = sender.to_string() + " has no integration address"};
  }
  return *std::move(app);
}

Origin origin_of(const Network& network, const Network::App& app) {
  Origin origin{.name = app.name.to_string(), .app = &app};
  for (const Index each : app.worker->integrations) {
    if (network.interfaces[each].subnet == app.site->subnet) origin.interface = each;
  }
  return origin;
}

Origin origin_of(const Network& network, Index machine) {
  return {.name = network.interfaces[machine].name, .interface = machine};
}

}  // namespace egress::policy
