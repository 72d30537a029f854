// SPDX-License-Identifier: MIT
#include "inspect/context.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "compile/names.hpp"
#include "inspect/senders.hpp"
#include "ipam/guid.hpp"

namespace egress::inspect {

namespace {

std::map<std::string, std::string> environment_of(const policy::Network::App& app) {
  const lab::Site& site = *app.site->declared;
  std::map<std::string, std::string> environment;
  for (const auto& [name, value] : site.app_settings) {
    environment[name] = value;
    environment["APPSETTING_" + name] = value;
  }
  environment["WEBSITE_SITE_NAME"] = app.name.site;
  environment["WEBSITE_HOSTNAME"] = app.name.site + ".azurewebsites.net";
  environment["WEBSITE_INSTANCE_ID"] =
      ipam::instance_id_of(fmt::format("{}/{}", site.server_farm, app.name.instance));
  // A setting of this name must not pretend to an address: its absence means "not integrated".
  environment.erase("WEBSITE_PRIVATE_IP");
  if (app.lease) environment["WEBSITE_PRIVATE_IP"] = app.lease->to_string();
  if (site.virtual_network_subnet) {
    environment["WEBSITE_VNETNAME"] = site.virtual_network_subnet->vnet;
  }
  return environment;
}

// azure-facts 8.1.1, 8.1.2 and 8.2.8. Nothing listens at 127.0.0.11 yet: a query is refused at
// once, and names come from the hosts file.
std::string resolv_conf_of(const policy::Network& network, const policy::Network::Site& site) {
  std::vector<std::string> servers;
  if (site.subnet != policy::kNowhere) {
    const policy::Network::Vnet& vnet = network.vnets[network.subnets[site.subnet].vnet];
    for (const Ipv4Address server : vnet.declared->dns_servers) {
      servers.push_back(server.to_string());
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

Result<AppContext> app_context(const policy::Network& network, const lab::Sender& sender,
                               const std::string& prefix) {
  ASSIGN_OR_RETURN(const policy::Network::App app, app_of(network, sender));
  return AppContext{.netns = compile::app_netns(prefix, app.name.site, app.name.instance),
                    .environment = environment_of(app),
                    .resolv_conf = resolv_conf_of(network, *app.site),
                    .hosts = hosts_of(network.situation.lab)};
}

}  // namespace egress::inspect
