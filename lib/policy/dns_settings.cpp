// SPDX-License-Identifier: MIT
#include "policy/dns_settings.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <optional>

#include "base/ip.hpp"
#include "lab/dns_app_settings.hpp"
#include "lab/suggest.hpp"

namespace egress::policy {
namespace {

// azure-facts 8.2.2 and 8.2.3
struct Defaults {
  int attempts = 0;
  int timeout_seconds = 0;
};
constexpr Defaults kLinux{5, 1};
constexpr Defaults kWindows{1, 3};
constexpr int kDefaultCacheTimeout = 30;  // of one that is enabled; azure-facts 8.2.4

const std::string* setting(const lab::Site& site, const char* name) {
  const auto found = site.app_settings.find(name);
  return found == site.app_settings.end() ? nullptr : &found->second;
}

int number(const std::optional<int>& property, const lab::Site& site,
           const lab::NumberSetting& named, int otherwise) {
  if (property) return *property;
  const std::string* text = setting(site, named.name);
  return text == nullptr ? otherwise : lab::parse_setting(named, *text).value_or(otherwise);
}

void add_servers(const lab::Site& site, const std::vector<Ipv4Address>& of_network,
                 DnsSettings& out) {
  if (site.dns_configuration && !site.dns_configuration->dns_servers.empty()) {
    out.servers = site.dns_configuration->dns_servers;
    out.decided_by = "dnsConfiguration.dnsServers";
    return;
  }
  if (const std::string* text = setting(site, lab::kDnsServerSetting)) {
    if (const auto servers = lab::parse_dns_servers(*text); servers && !servers->empty()) {
      out.servers = *servers;
      out.decided_by = lab::kDnsServerSetting;
      return;
    }
  }
  if (of_network.empty()) return;
  out.servers = of_network;
  out.decided_by = fmt::format("virtualNetworks.{}.dnsServers", site.virtual_network_subnet->vnet);
}

std::optional<Ipv4Address> alternative(const lab::Site& site) {
  if (site.dns_configuration && site.dns_configuration->dns_alt_server) {
    return site.dns_configuration->dns_alt_server;
  }
  const std::string* text = setting(site, lab::kDnsAltServerSetting);
  if (text == nullptr) return std::nullopt;
  const auto address = Ipv4Address::parse(*text);
  return address.ok() ? std::optional(*address) : std::nullopt;
}

bool names_servers(const lab::Site& site) {
  DnsSettings own;
  add_servers(site, {}, own);
  return !own.servers.empty() || alternative(site);
}

void drop_repetitions(std::vector<Ipv4Address>& servers) {
  std::vector<Ipv4Address> once;
  for (const Ipv4Address server : servers) {
    if (std::find(once.begin(), once.end(), server) == once.end()) once.push_back(server);
  }
  servers = std::move(once);
}

// Windows keeps answers unless it is told not to, Linux when it is told to (azure-facts 8.2.4).
bool keeps_answers(const lab::Site& site, const lab::ServerFarm& plan) {
  const std::string* cache = setting(site, lab::kDnsCacheSetting);
  return !plan.reserved || (cache != nullptr && lab::equal_ignoring_case(*cache, "true"));
}

void add_numbers(const lab::Site& site, const lab::ServerFarm& plan, DnsSettings& out) {
  const Defaults& defaults = plan.reserved ? kLinux : kWindows;
  out.attempts = defaults.attempts;
  out.timeout_seconds = defaults.timeout_seconds;
  out.cache_seconds = keeps_answers(site, plan) ? kDefaultCacheTimeout : 0;
  if (plan.hyper_v) return;
  const lab::DnsConfiguration own = site.dns_configuration.value_or(lab::DnsConfiguration{});
  out.attempts = number(own.dns_retry_attempt_count, site, lab::kDnsAttemptsSetting, out.attempts);
  out.timeout_seconds =
      number(own.dns_retry_attempt_timeout, site, lab::kDnsTimeoutSetting, out.timeout_seconds);
  if (out.cache_seconds == 0) return;
  out.cache_seconds =
      number(own.dns_max_cache_timeout, site, lab::kDnsMaxCacheTimeoutSetting, out.cache_seconds);
}

}  // namespace

DnsSettings dns_settings(const lab::Site& site, const lab::ServerFarm& plan,
                         const std::vector<Ipv4Address>& of_network) {
  DnsSettings out{.servers = {kAzurePlatform}, .decided_by = "Azure DNS"};
  add_numbers(site, plan, out);
  if (!site.virtual_network_subnet) {
    if (names_servers(site)) {
      out.note =
          "The app has no virtual network integration and ignores the name servers of its own.";
    }
    return out;
  }
  add_servers(site, of_network, out);
  if (const auto last = alternative(site)) out.servers.push_back(*last);
  drop_repetitions(out.servers);
  return out;
}

DnsSettings running_dns_settings(const lab::Site& site, const lab::ServerFarm& plan,
                                 const std::vector<Ipv4Address>& at_start,
                                 const std::vector<Ipv4Address>& by_now) {
  DnsSettings out = dns_settings(site, plan, at_start);
  if (out.servers == dns_settings(site, plan, by_now).servers) return out;
  std::vector<std::string> now;
  for (const Ipv4Address server : by_now) now.push_back(server.to_string());
  out.note = fmt::format(
      "These are the servers of the app's start; virtual network '{}' has {} by now: restart the "
      "app.",
      site.virtual_network_subnet->vnet,
      now.empty() ? "Azure DNS" : fmt::format("{}", fmt::join(now, ", ")));
  return out;
}

}  // namespace egress::policy
