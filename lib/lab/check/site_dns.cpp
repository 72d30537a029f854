// SPDX-License-Identifier: MIT

#include <fmt/format.h>

#include <functional>

#include "lab/check/checks.hpp"
#include "lab/dns_app_settings.hpp"

namespace egress::lab {
namespace {

// An app setting that counts as absent when it holds anything else.
struct KnownSetting {
  const char* name = "";
  std::string form{};
  std::function<bool(const std::string&)> takes{};
};

KnownSetting numeric(const NumberSetting& setting) {
  return {setting.name, fmt::format("a number from {} to {}", setting.least, setting.most),
          [setting](const std::string& text) { return parse_setting(setting, text).has_value(); }};
}

const std::vector<KnownSetting>& known_settings() {
  static const std::vector<KnownSetting> all = {
      {kDnsServerSetting, fmt::format("up to {} addresses, joined by ','", kMaxOwnDnsServers),
       [](const std::string& text) { return parse_dns_servers(text).has_value(); }},
      {kDnsAltServerSetting, "an address",
       [](const std::string& text) { return Ipv4Address::parse(text).ok(); }},
      {kDnsCacheSetting, "true or false",
       [](const std::string& text) {
         return equal_ignoring_case(text, "true") || equal_ignoring_case(text, "false");
       }},
      numeric(kDnsAttemptsSetting),
      numeric(kDnsTimeoutSetting),
      numeric(kDnsMaxCacheTimeoutSetting)};
  return all;
}

void check_settings(const std::string& path, const Site& site, Checks& checks) {
  for (const KnownSetting& known : known_settings()) {
    const auto found = site.app_settings.find(known.name);
    if (found == site.app_settings.end() || known.takes(found->second)) continue;
    checks.warning(
        path + ".appSettings." + known.name, "setting-value",
        fmt::format("'{}' is not {}: the default counts", shown(found->second), known.form));
  }
}

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
    check_settings(path, site, checks);
    check_unused_servers(path, site, checks);
  }
}

}  // namespace egress::lab
