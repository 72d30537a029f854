// SPDX-License-Identifier: MIT
#pragma once

// App settings about name servers, where a site does not say the property (azure-facts 8.1.3,
// 8.1.4, 8.2). What they hold is an app's own text: one that is no value counts as absent.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ip.hpp"
#include "lab/app_settings.hpp"

namespace egress::lab {

inline constexpr const char* kDnsServerSetting = "WEBSITE_DNS_SERVER";
inline constexpr const char* kDnsAltServerSetting = "WEBSITE_DNS_ALT_SERVER";
inline constexpr const char* kDnsCacheSetting = "WEBSITE_ENABLE_DNS_CACHE";

// Their bounds are those of the properties too.
inline constexpr NumberSetting kDnsAttemptsSetting{"WEBSITE_DNS_ATTEMPTS", 1, 5};
inline constexpr NumberSetting kDnsTimeoutSetting{"WEBSITE_DNS_TIMEOUT", 1, 30};
inline constexpr NumberSetting kDnsMaxCacheTimeoutSetting{"WEBSITE_DNS_MAX_CACHE_TIMEOUT", 0, 60};

// Up to kMaxOwnDnsServers addresses, joined by commas; blanks around them do not count.
std::optional<std::vector<Ipv4Address>> parse_dns_servers(std::string_view text);
inline constexpr size_t kMaxOwnDnsServers = 5;

}  // namespace egress::lab
