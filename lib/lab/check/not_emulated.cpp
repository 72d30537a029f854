// SPDX-License-Identifier: MIT

// What is read, checked and written, and changes nothing yet. Whoever emulates one of these takes
// its line away.

#include <fmt/format.h>

#include <functional>

#include "lab/check/checks.hpp"

namespace egress::lab {
namespace {

using Paths = std::vector<std::string>;

struct Line {
  const char* what = "";
  std::function<Paths(const Lab&)> places{};  // that it is about
};

// Entries of `map`, which stands in the lab file under `name`.
template <typename T>
Line of_each(const char* what, Named<T> Lab::*map, const char* name, const char* key,
             bool (*says)(const T&)) {
  return {what, [=](const Lab& lab) {
            Paths paths;
            for (const auto& [each, resource] : lab.*map) {
              if (says(resource)) paths.push_back(fmt::format("{}.{}.{}", name, each, key));
            }
            return paths;
          }};
}

// contract "Services": inbound endpoints of apps.
Line endpoints_of_apps() {
  return {"front ends of apps are not emulated yet: nothing answers there", [](const Lab& lab) {
            Paths paths;
            for (const auto& [name, endpoint] : lab.private_endpoints) {
              const std::string& behind = endpoint.private_link_service;
              if (lab.services.contains(behind) || !lab.sites.contains(behind)) continue;
              paths.push_back(fmt::format("privateEndpoints.{}.privateLinkService", name));
            }
            return paths;
          }};
}

std::vector<Line> all_lines() {
  return {of_each<Site>("front ends of apps are not emulated yet: nothing answers there",
                        &Lab::sites, "sites", "inboundIpAddress",
                        [](const Site& site) { return site.inbound_ip_address.has_value(); }),
          of_each<Site>("front ends of apps are not emulated yet: nothing answers there",
                        &Lab::sites, "sites", "publicNetworkAccess",
                        [](const Site& site) { return site.public_network_access.has_value(); }),
          endpoints_of_apps()};
}

}  // namespace

void check_not_emulated(const Lab& lab, Checks& checks) {
  for (const Line& line : all_lines()) {
    for (const std::string& path : line.places(lab)) {
      checks.warning(path, "not-emulated", line.what);
    }
  }
}

}  // namespace egress::lab
