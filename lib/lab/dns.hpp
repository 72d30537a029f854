// SPDX-License-Identifier: MIT
#pragma once

// What the lab declares about names: records, private zones and their links, servers, and how a
// site asks them. Azure's words; azure-facts 8.

#include <optional>
#include <string>
#include <vector>

#include "base/ip.hpp"
#include "base/ip6.hpp"
#include "lab/names.hpp"

namespace egress::lab {

struct MxRecord {
  int preference = 0;
  std::string exchange{};
  bool operator==(const MxRecord&) const = default;
};
struct SrvRecord {
  int priority = 0;
  int weight = 0;
  int port = 0;
  std::string target{};
  bool operator==(const SrvRecord&) const = default;
};

// All records of one name. Domain names are lower case and without a final dot.
struct RecordSet {
  int ttl = 3600;  // seconds; Azure's default
  std::vector<Ipv4Address> a{};
  std::vector<Ipv6Address> aaaa{};
  std::optional<std::string> cname{};  // then nothing else
  std::vector<std::string> txt{};
  std::vector<std::string> ptr{};
  std::vector<MxRecord> mx{};
  std::vector<SrvRecord> srv{};
  bool operator==(const RecordSet&) const = default;
};
// In zones relative names ("@", "*", "a.b"), elsewhere full ones.
using RecordSets = Named<RecordSet>;

enum class ResolutionPolicy { kDefault, kNxDomainRedirect };

struct VirtualNetworkLink {
  bool registration_enabled = false;
  ResolutionPolicy resolution_policy = ResolutionPolicy::kDefault;
  bool operator==(const VirtualNetworkLink&) const = default;
};

struct PrivateDnsZone {
  std::string zone_name{};                            // the zone's key unless the file says
  Named<VirtualNetworkLink> virtual_network_links{};  // by network
  RecordSets record_sets{};
  bool operator==(const PrivateDnsZone&) const = default;
};

struct PublicDns {
  RecordSets record_sets{};
  std::vector<Ipv4Address> forward_to{};  // real servers
  bool operator==(const PublicDns&) const = default;
};

// Of a host, on port 53.
struct DnsServer {
  std::vector<Ipv4Address> forward_to{};
  RecordSets record_sets{};
  bool operator==(const DnsServer&) const = default;
};

// Of a site. What is unset is said by app settings, or is the default (azure-facts 8.1.3 to 8.2.4).
struct DnsConfiguration {
  std::vector<Ipv4Address> dns_servers{};
  std::optional<Ipv4Address> dns_alt_server{};
  std::optional<int> dns_retry_attempt_count{};
  std::optional<int> dns_retry_attempt_timeout{};  // seconds
  std::optional<int> dns_max_cache_timeout{};      // seconds
  bool operator==(const DnsConfiguration&) const = default;
};

}  // namespace egress::lab
