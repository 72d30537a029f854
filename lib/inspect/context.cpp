// SPDX-License-Identifier: MIT
#include "inspect/context.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/guid.hpp"
#include "compile/identity.hpp"
#include "compile/instances.hpp"
#include "compile/names.hpp"
#include "inspect/senders.hpp"
#include "lab/platform_tasks.hpp"
#include "lab/service_types.hpp"
#include "policy/origin.hpp"

namespace egress::inspect {

namespace {

// All names are the resolvers' business.
constexpr const char* kHosts = "127.0.0.1 localhost\n";

// With the values of the secrets that `resolved` refer to, as far as their vaults have them.
std::map<std::string, std::string> settings_of(const lab::Lab& lab, const lab::Site& site,
                                               const std::set<std::string>& resolved) {
  std::map<std::string, std::string> settings = site.app_settings;
  if (resolved.empty()) return settings;
  const lab::Named<const lab::Service*> services = lab::services_by_name(lab);
  for (const lab::KeyVaultReference& reference : lab::key_vault_references(site)) {
    if (!resolved.contains(reference.setting)) continue;
    auto value = lab::secret_value(services, reference);
    if (value) settings[reference.setting] = *std::move(value);
  }
  return settings;
}

std::map<std::string, std::string> environment_of(const lab::Lab& lab,
                                                  const policy::Network::App& app,
                                                  const std::set<std::string>& resolved) {
  const lab::Site& site = *app.site->declared;
  std::map<std::string, std::string> environment;
  for (const auto& [name, value] : settings_of(lab, site, resolved)) {
    environment[name] = value;
    environment["APPSETTING_" + name] = value;
  }
  // Absence means something, too: of WEBSITE_PRIVATE_IP "not integrated".
  for (const std::string& name : lab::platform_variables(site)) environment.erase(name);
  environment["WEBSITE_SITE_NAME"] = app.name.site;
  environment["WEBSITE_HOSTNAME"] = app.name.site + ".azurewebsites.net";
  environment["WEBSITE_INSTANCE_ID"] = instance_id_of(compile::instance_key(app.instance));
  if (app.lease) environment["WEBSITE_PRIVATE_IP"] = app.lease->to_string();
  if (!app.site->private_ports.empty()) {
    environment["WEBSITE_PRIVATE_PORTS"] =
        fmt::format("{}", fmt::join(app.site->private_ports, ","));
  }
  if (site.virtual_network_subnet) {
    environment["WEBSITE_VNETNAME"] = site.virtual_network_subnet->vnet;
  }
  if (site.identity != lab::IdentityType::kNone) {
    environment["IDENTITY_ENDPOINT"] = environment["MSI_ENDPOINT"] = compile::identity_endpoint();
    environment["IDENTITY_HEADER"] = environment["MSI_SECRET"] =
        compile::identity_header(app.name.site);
  }
  return environment;
}

// azure-facts 8.2.8.
std::string resolv_conf_of(const policy::DnsSettings& settings) {
  std::vector<std::string> servers;
  for (const Ipv4Address server : settings.servers) servers.push_back(server.to_string());
  return fmt::format(
      "# This container is using an embedded dns resolver\n"
      "# The configured nameservers at startup are {}\n"
      "# The configured options for the listener at startup are timeout:{} attempts:{}\n"
      "nameserver 127.0.0.11\n"
      "options ndots:0 timeout:15 attempts:2\n",
      fmt::join(servers, ","), settings.timeout_seconds, settings.attempts);
}

// As DHCP tells a machine in a network. Others bring their own.
std::string resolv_conf_of(const lab::Lab& lab, const lab::Host& host) {
  if (!host.subnet) return {};
  std::vector<Ipv4Address> servers = lab.virtual_networks.at(host.subnet->vnet).dns_servers;
  if (servers.empty()) servers.push_back(kAzurePlatform);
  std::string text;
  for (const Ipv4Address server : servers) text += "nameserver " + server.to_string() + "\n";
  return text;
}

}  // namespace

Result<ExecContext> app_context(const policy::Network& network, const lab::Sender& sender,
                                const std::string& prefix, const std::set<std::string>& resolved) {
  ASSIGN_OR_RETURN(const policy::Network::App app, policy::declared_app(network, sender));
  RETURN_IF_ERROR(check_in_use(app));
  ExecContext context{
      .netns = compile::lane_netns(prefix, app.name, app.lane->public_attempt, app.worker->is_next),
      .resolv_conf = resolv_conf_of(app.lane->dns),
      .hosts = kHosts};
  if (sender.traffic == lab::TrafficClass::kApplication) {
    context.environment = environment_of(network.situation.lab, app, resolved);
  }
  return context;
}

Result<ExecContext> host_context(const policy::Network& network, const std::string& host,
                                 const std::string& prefix) {
  const lab::Lab& lab = network.situation.lab;
  const auto found = lab.hosts.find(host);
  if (found == lab.hosts.end()) {
    return Error{.code = Errc::kNotFound, .message = fmt::format("no host '{}'", host)};
  }
  return ExecContext{.netns = compile::host_netns(prefix, found->first),
                     .resolv_conf = resolv_conf_of(lab, found->second),
                     .hosts = kHosts};
}

}  // namespace egress::inspect
