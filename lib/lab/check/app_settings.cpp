// SPDX-License-Identifier: MIT

#include "lab/app_settings.hpp"

#include <fmt/format.h>

#include <functional>

#include "lab/check/checks.hpp"
#include "lab/dns_app_settings.hpp"
#include "lab/https_url.hpp"
#include "lab/limits.hpp"

namespace egress::lab {
namespace {

void check_sizes(const std::string& path, const Site& site, Checks& checks) {
  size_t all = 0;
  for (const auto& [setting, value] : site.app_settings) {
    const size_t bytes = setting.size() + value.size();
    all += bytes;
    if (bytes <= kMaxAppSettingBytes) continue;
    checks.error(
        path + "." + setting, "limit",
        fmt::format("{} bytes, an app setting has {} at most", bytes, kMaxAppSettingBytes));
  }
  if (all <= kMaxAppSettingsBytes) return;
  checks.error(path, "limit",
               fmt::format("{} bytes, the app settings of a site have {} at most", all,
                           kMaxAppSettingsBytes));
}

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
      {kRegistrySetting, "https://HOST",
       [](const std::string& text) { return parse_https_url(text).has_value(); }},
      numeric(kPortSetting),
      numeric(kDnsAttemptsSetting),
      numeric(kDnsTimeoutSetting),
      numeric(kDnsMaxCacheTimeoutSetting)};
  return all;
}

void check_values(const std::string& path, const Site& site, Checks& checks) {
  for (const KnownSetting& known : known_settings()) {
    const auto found = site.app_settings.find(known.name);
    if (found == site.app_settings.end() || known.takes(found->second)) continue;
    checks.warning(
        path + "." + known.name, "setting-value",
        fmt::format("'{}' is not {}: the default counts", shown(found->second), known.form));
  }
}

}  // namespace

void check_app_settings(const Lab& lab, Checks& checks) {
  for (const auto& [name, site] : lab.sites) {
    const std::string path = "sites." + name + ".appSettings";
    check_sizes(path, site, checks);
    check_values(path, site, checks);
  }
}

}  // namespace egress::lab
