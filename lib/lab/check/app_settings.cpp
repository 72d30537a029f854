// SPDX-License-Identifier: MIT

#include "lab/app_settings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <functional>

#include "lab/check/checks.hpp"
#include "lab/dns_app_settings.hpp"
#include "lab/https_url.hpp"
#include "lab/limits.hpp"
#include "lab/schema/known_settings.hpp"

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

// A switch, which the platform takes for off with any other value.
KnownSetting switched(const char* name) {
  return {name, "1 or 0", [](const std::string& text) {
            return is_on(text) || text == "0" || equal_ignoring_case(text, "false");
          }};
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
      switched("WEBSITE_VNET_ROUTE_ALL"),
      switched("WEBSITE_CONTENTOVERVNET"),
      switched("WEBSITE_PULL_IMAGE_OVER_VNET"),
      switched(kSkipShareValidationSetting),
      numeric(kPortSetting),
      numeric(kDnsAttemptsSetting),
      numeric(kDnsTimeoutSetting),
      numeric(kDnsMaxCacheTimeoutSetting)};
  return all;
}

void check_values(const std::string& path, const Site& site, Checks& checks) {
  for (const KnownSetting& known : known_settings()) {
    const auto found = site.app_settings.find(known.name);
    // An empty one is none.
    const bool none = found == site.app_settings.end() || found->second.empty();
    if (none || known.takes(found->second)) continue;
    checks.warning(
        path + "." + known.name, "setting-value",
        fmt::format("'{}' is not {}: the default counts", shown(found->second), known.form));
  }
}

// Names that begin as the platform's do are meant to be.
bool looks_like_the_platforms(const std::string& name) {
  const std::string lower = lower_case(name);
  return lower.starts_with("website_") || lower.starts_with("websites_");
}

void check_name(const std::string& path, const std::string& name, const std::string& value,
                Checks& checks) {
  if (const KnownSettingName* known = find_known_setting(name)) {
    const bool usual =
        std::any_of(known->defaults.begin(), known->defaults.end(),
                    [&](const std::string& each) { return equal_ignoring_case(each, value); });
    if (known->use == SettingUse::kNotEmulated && !value.empty() && !usual) {
      checks.warning(
          path + "." + name, "not-emulated",
          fmt::format("'{}: {}' is not emulated", name, shown(value.substr(0, value.find('?')))));
    }
    return;
  }
  if (!looks_like_the_platforms(name) || !checks.wants_suggestions()) return;
  Nearest search(name);
  for (const KnownSettingName& known : known_setting_names()) search.consider(known.name);
  if (!search.found()) return;
  checks.warning(path + "." + name, "unknown-setting",
                 fmt::format("the platform knows no app setting '{}'", shown(name)), search.hint());
}

}  // namespace

void check_app_settings(const Lab& lab, Checks& checks) {
  for (const auto& [name, site] : lab.sites) {
    const std::string path = "sites." + name + ".appSettings";
    check_sizes(path, site, checks);
    check_values(path, site, checks);
    for (const auto& [setting, value] : site.app_settings) {
      check_name(path, setting, value, checks);
    }
  }
}

}  // namespace egress::lab
