// SPDX-License-Identifier: MIT
#pragma once

// Which name servers an app asks, how often and how long, and what it keeps of their answers
// (azure-facts 8.1, 8.2): properties of the site first, its app settings next, then defaults.

#include <string>
#include <vector>

#include "lab/lab.hpp"

namespace egress::policy {

struct DnsSettings {
  std::vector<Ipv4Address> servers{};  // in the order in which answers count; not empty
  int attempts = 5;
  int timeout_seconds = 1;
  int cache_seconds = 0;  // 0: nothing is kept
  // Who says the servers: "dnsConfiguration.dnsServers", "WEBSITE_DNS_SERVER",
  // "virtualNetworks.spoke.dnsServers" or "Azure DNS".
  std::string decided_by{};
  // That the network's servers have changed since the app started, or that those of its own do not
  // count; or empty.
  std::string note{};
  bool operator==(const DnsSettings&) const = default;
};

// `of_network` are the servers of the network that the site has joined, if any. One without an
// integration asks Azure DNS alone, whatever its settings say (contract "Decided" 24). Defaults
// are those of the plan's system; of Windows containers nothing but the servers can be set
// (azure-facts 8.2.6), and they keep the defaults of Windows.
DnsSettings dns_settings(const lab::Site& site, const lab::ServerFarm& plan,
                         const std::vector<Ipv4Address>& of_network);

// The same for a running app: it keeps the servers that its network had at its start (azure-facts
// 8.1.8).
DnsSettings running_dns_settings(const lab::Site& site, const lab::ServerFarm& plan,
                                 const std::vector<Ipv4Address>& at_start,
                                 const std::vector<Ipv4Address>& by_now);

}  // namespace egress::policy
