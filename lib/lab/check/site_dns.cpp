// SPDX-License-Identifier: MIT

#include <fmt/format.h>

#include "lab/check/checks.hpp"
#include "lab/dns_app_settings.hpp"

namespace egress::lab {
namespace {

// Contract "Decided" 24.
void check_unused_servers(const std::string& path, const Site& site, Checks& checks) {
  if (site.virtual_network_subnet) return;
  const auto warn = [&](bool said, const std::string& at) {
    if (!said) return;
    checks.warning(path + at, "no-effect",
                   "the app has no virtual network integration and ignores its own DNS servers", {},
                   {path + ".virtualNetworkSubnet"});
  };
  const DnsConfiguration own = site.dns_configuration.value_or(DnsConfiguration{});
  warn(!own.dns_servers.empty(), ".dnsConfiguration.dnsServers");
  warn(own.dns_alt_server.has_value(), ".dnsConfiguration.dnsAltServer");
  for (const std::string setting : {kDnsServerSetting, kDnsAltServerSetting}) {
    warn(site.app_settings.contains(setting), ".appSettings." + setting);
  }
}

}  // namespace

void check_site_dns(const Lab& lab, Checks& checks) {
  for (const auto& [name, site] : lab.sites) {
    const std::string path = "sites." + name;
    if (site.dns_configuration) {
      checks.limit(path + ".dnsConfiguration.dnsServers",
                   site.dns_configuration->dns_servers.size(), kMaxOwnDnsServers, "DNS servers");
    }
    check_unused_servers(path, site, checks);
  }
}

}  // namespace egress::lab
