// SPDX-License-Identifier: MIT
#include "tests/oracle/internet_prefixes.hpp"

#include <iterator>

#include "tests/support/values.hpp"

namespace egress::oracle {
namespace {

using testing_support::prefix;

// Some hold each other, service tags, networks with public space and addresses of the lab.
constexpr const char* kPrefixes[] = {"0.0.0.0/0",    "128.0.0.0/1",     "20.60.0.0/16",
                                     "20.60.8.0/22", "52.239.128.0/25", "93.184.216.0/24",
                                     "51.10.0.0/16", "203.0.113.0/24",  "20.50.0.0/15",
                                     "172.0.0.0/8",  "40.68.37.128/25"};
constexpr const char* kNames[] = {"world", "block"};

std::vector<Ipv4Prefix> some_prefixes(Random& random) {
  std::vector<Ipv4Prefix> prefixes;
  if (random.chance(50)) prefixes.push_back(prefix(kPrefixes[0]));
  const uint32_t more = random.below(3) + (prefixes.empty() ? 1 : 0);
  for (uint32_t i = 0; i < more; ++i) {
    const auto number = 1 + random.below(static_cast<uint32_t>(std::size(kPrefixes)) - 1);
    prefixes.push_back(prefix(kPrefixes[number]));
  }
  return prefixes;
}

}  // namespace

void add_prefix_hosts(lab::Lab& lab, Random& random) {
  const uint32_t count = random.chance(65) ? 0 : 1 + random.below(2);
  for (uint32_t i = 0; i < count; ++i) {
    lab.hosts[kNames[i]] = {
        .address_prefixes = some_prefixes(random),
        .listen = {{Protocol::kTcp, 443}, {Protocol::kUdp, 53}, {Protocol::kTcp, 80}}};
  }
}

void change_prefix_hosts(lab::Lab& lab, Random& random) {
  for (const char* name : kNames) {
    const auto host = lab.hosts.find(name);
    if (host == lab.hosts.end() || random.chance(50)) continue;
    if (random.chance(30)) {
      lab.hosts.erase(host);
    } else {
      host->second.address_prefixes = some_prefixes(random);
    }
  }
}

std::vector<Ipv4Address> addresses_in_prefixes(const lab::Lab& lab) {
  std::vector<Ipv4Address> addresses;
  for (const auto& [name, host] : lab.hosts) {
    for (const Ipv4Prefix& each : host.address_prefixes) {
      const uint32_t first = each.first().bits;
      const uint32_t last = each.last().bits;
      for (const uint32_t bits : {first, first + 1, last, last - 1, first + (last - first) / 3}) {
        addresses.push_back({bits});
      }
    }
  }
  return addresses;
}

std::string feature_of_receiver(const lab::Lab& lab, const policy::Explanation& explained) {
  const auto host = lab.hosts.find(explained.host);
  if (host == lab.hosts.end() || host->second.has_address()) return {};
  const bool by_endpoint =
      explained.next_hop && explained.next_hop->type == "VirtualNetworkServiceEndpoint";
  return by_endpoint ? "received in a prefix by a service endpoint" : "received in a prefix";
}

}  // namespace egress::oracle
