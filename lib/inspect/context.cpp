// SPDX-License-Identifier: MIT
#include "inspect/context.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "compile/names.hpp"
#include "ipam/guid.hpp"

namespace egress::inspect {

namespace {

std::map<std::string, std::string> environment_of(const lab::Site& site, const lab::Sender& app,
                                                  const lab::IntegrationAddresses& addresses) {
  std::map<std::string, std::string> environment;
  for (const auto& [name, value] : site.app_settings) {
    environment[name] = value;
    environment["APPSETTING_" + name] = value;
  }
  environment["WEBSITE_SITE_NAME"] = app.site;
  environment["WEBSITE_HOSTNAME"] = app.site + ".azurewebsites.net";
  environment["WEBSITE_INSTANCE_ID"] =
      ipam::instance_id_of(fmt::format("{}/{}", site.server_farm, app.instance));
  // A setting of this name must not pretend to an address: its absence means "not integrated".
  environment.erase("WEBSITE_PRIVATE_IP");
  if (!site.virtual_network_subnet) return environment;
  environment["WEBSITE_VNETNAME"] = site.virtual_network_subnet->vnet;
  const auto lease = addresses.find({site.server_farm, app.instance, *site.virtual_network_subnet});
  if (lease != addresses.end()) environment["WEBSITE_PRIVATE_IP"] = lease->second.to_string();
  return environment;
}

// azure-facts 8.1.1, 8.1.2 and 8.2.8. Nothing listens at 127.0.0.11 yet: a query is refused at
// once, and names come from the hosts file.
std::string resolv_conf_of(const lab::Lab& lab, const lab::Site& site) {
  std::vector<std::string> servers;
  if (site.virtual_network_subnet) {
    const auto vnet = lab.virtual_networks.find(site.virtual_network_subnet->vnet);
    if (vnet != lab.virtual_networks.end()) {
      for (const Ipv4Address server : vnet->second.dns_servers) {
        servers.push_back(server.to_string());
      }
    }
  }
  if (servers.empty()) servers.push_back(kAzurePlatform.to_string());
  return fmt::format(
      "# This container is using an embedded dns resolver\n"
      "# The configured nameservers at startup are {}\n"
      "# The configured options for the listener at startup are timeout:1 attempts:5\n"
      "nameserver 127.0.0.11\n"
      "options ndots:0 timeout:15 attempts:2\n",
      fmt::join(servers, ","));
}

std::string hosts_of(const lab::Lab& lab) {
  std::string text = "127.0.0.1 localhost\n";
  for (const auto& [name, host] : lab.hosts) {
    text += host.ip_address.to_string();
    for (const std::string& known_as : host.names) text += " " + known_as;
    text += " " + name + "\n";
  }
  return text;
}

}  // namespace

Result<AppContext> app_context(const lab::Lab& lab, const lab::IntegrationAddresses& addresses,
                               const lab::Sender& app, const std::string& prefix) {
  const auto site = lab.sites.find(app.site);
  if (site == lab.sites.end()) {
    return Error{.code = Errc::kNotFound, .message = fmt::format("no site '{}'", app.site)};
  }
  const auto farm = lab.server_farms.find(site->second.server_farm);
  const int capacity = farm == lab.server_farms.end() ? 0 : farm->second.capacity;
  if (app.instance < 0 || app.instance >= capacity) {
    return Error{.code = Errc::kNotFound,
                 .message = fmt::format("site '{}' has instances 0 to {}, not {}", app.site,
                                        capacity - 1, app.instance)};
  }
  return AppContext{.netns = compile::app_netns(prefix, app.site, app.instance),
                    .environment = environment_of(site->second, app, addresses),
                    .resolv_conf = resolv_conf_of(lab, site->second),
                    .hosts = hosts_of(lab)};
}

}  // namespace egress::inspect
