// SPDX-License-Identifier: MIT
#include "lab/lab.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <tuple>

#include "base/number.hpp"
#include "lab/schema/vocabulary.hpp"
#include "lab/suggest.hpp"

namespace egress::lab {
namespace {

// Every field of an expectation that says something, and of a lab. A new one does not compile
// until somebody decided whether it is one of them.
auto fields_of(const Expectation& expectation) {
  const auto& [from, instance, host, to, expect, by, via, source, resolve, addresses, status,
               traffic, startup, running, line] = expectation;
  static_cast<void>(line);
  return std::tie(from, instance, host, to, expect, by, via, source, resolve, addresses, status,
                  traffic, startup, running);
}

auto fields_of(const Lab& lab) {
  const auto& [location, outbound, allocation, networks, groups, tables, asgs, farms, sites, hosts,
               services, endpoints, zones, public_dns, subscriptions, subscription, public_ips,
               nat_gateways, gateways, on_premises, balancers, snat_ports, certificates, tags_file,
               tags, expectations, release_delay, role_assignments, max_scale_changes,
               not_emulated] = lab;
  static_cast<void>(tags);  // compared by what they hold
  return std::tie(location, outbound, allocation, networks, groups, tables, asgs, farms, sites,
                  hosts, services, endpoints, zones, public_dns, subscriptions, subscription,
                  public_ips, nat_gateways, gateways, on_premises, balancers, snat_ports,
                  certificates, tags_file, expectations, release_delay, role_assignments,
                  max_scale_changes, not_emulated);
}

}  // namespace

bool NameLess::operator()(std::string_view a, std::string_view b) const {
  const auto [x, y] = std::mismatch(
      a.begin(), a.end(), b.begin(), b.end(),
      [](char one, char other) { return one == other || lower_case(one) == lower_case(other); });
  return y != b.end() && (x == a.end() || lower_case(*x) < lower_case(*y));
}

bool Expectation::operator==(const Expectation& other) const {
  return fields_of(*this) == fields_of(other);
}

bool Lab::operator==(const Lab& other) const {
  return fields_of(*this) == fields_of(other) && same_service_tags(*this, other);
}

bool same_service_tags(const Lab& a, const Lab& b) {
  if (a.service_tags == b.service_tags) return true;
  return a.service_tags && b.service_tags && *a.service_tags == *b.service_tags;
}

std::vector<Ipv4Address> outbound_addresses(const Lab& lab, const ServerFarm& server_farm) {
  constexpr Ipv4Address kFirst{0xc6336404};   // 198.51.100.4
  constexpr Ipv4Address kSecond{0xc6336405};  // 198.51.100.5
  if (!server_farm.outbound_ip_addresses.empty()) return server_farm.outbound_ip_addresses;
  if (!lab.outbound_ip_addresses.empty()) return lab.outbound_ip_addresses;
  return {kFirst, kSecond};
}

std::vector<Ipv4Address> outbound_addresses(const Lab& lab) {
  std::vector<Ipv4Address> all = lab.outbound_ip_addresses;
  std::set<Ipv4Address> known(all.begin(), all.end());
  for (const auto& [name, server_farm] : lab.server_farms) {
    for (const Ipv4Address address : outbound_addresses(lab, server_farm)) {
      if (known.insert(address).second) all.push_back(address);
    }
  }
  return all;
}

const std::string& location_of(const Lab& lab, const ServerFarm& server_farm) {
  return server_farm.location.empty() ? lab.location : server_farm.location;
}

const std::string& location_of(const Lab& lab, const Site& site) {
  if (!site.location.empty()) return site.location;
  const auto farm = lab.server_farms.find(site.server_farm);
  return farm == lab.server_farms.end() ? lab.location : location_of(lab, farm->second);
}

bool is_integration_subnet(const Subnet& subnet) {
  return std::any_of(subnet.delegations.begin(), subnet.delegations.end(),
                     [](const std::string& delegation) {
                       return equal_ignoring_case(delegation, kServerFarmsDelegation);
                     });
}

std::optional<Interval<uint32_t>> usable_range(const Ipv4Prefix& prefix) {
  constexpr uint32_t kAtStart = 4;
  constexpr uint32_t kAtEnd = 1;
  if (prefix.size() <= kAtStart + kAtEnd) return std::nullopt;
  return Interval<uint32_t>{prefix.first().bits + kAtStart, prefix.last().bits - kAtEnd};
}

uint64_t usable_addresses(const Subnet& subnet) {
  uint64_t usable = 0;
  for (const Ipv4Prefix& prefix : subnet.address_prefixes) {
    const auto range = usable_range(prefix);
    if (range) usable += uint64_t{range->last} - range->first + 1;
  }
  return usable;
}

std::string Sender::to_string() const {
  if (!host.empty()) return "host/" + host;
  const std::string name = fmt::format("{}/{}", site, instance);
  return traffic == TrafficClass::kApplication ? name
                                               : fmt::format("{} {}", name, name_of(traffic));
}

Result<Sender> Sender::parse(std::string_view text) {
  const size_t slash = text.find('/');
  Sender sender{.site = std::string(text.substr(0, slash))};
  bool well_formed = !sender.site.empty();
  if (slash != std::string_view::npos) {
    sender.instance = parse_number<int>(text.substr(slash + 1)).value_or(-1);
    well_formed = well_formed && sender.instance >= 0;
  }
  if (well_formed) return sender;
  return Error{
      .code = Errc::kInvalid,
      .message = fmt::format("'{}' is not of the form SITE or SITE/INSTANCE", shown(text))};
}

Result<Sender> Sender::parse_with_hosts(std::string_view text) {
  constexpr std::string_view kHost = "host/";
  if (text.starts_with(kHost)) {
    const std::string_view name = text.substr(kHost.size());
    if (!name.empty() && !parse_number<int>(name)) return Sender{.host = std::string(name)};
  }
  auto sender = parse(text);
  if (sender.ok()) return sender;
  return Error{.code = Errc::kInvalid,
               .message = fmt::format("'{}' is not of the form SITE, SITE/INSTANCE or host/NAME",
                                      shown(text))};
}

const Subnet* Lab::find(const SubnetRef& ref) const {
  const auto vnet = virtual_networks.find(ref.vnet);
  if (vnet == virtual_networks.end()) return nullptr;
  const auto subnet = vnet->second.subnets.find(ref.subnet);
  return subnet == vnet->second.subnets.end() ? nullptr : &subnet->second;
}

std::vector<Integration> integrations(const Lab& lab, const Instances& instances) {
  std::set<Integration> wanted;
  for (const auto& [name, site] : lab.sites) {
    if (!site.virtual_network_subnet) continue;
    for (const InstanceSet& set : instance_sets(lab, instances, site.server_farm)) {
      for (int instance = 0; instance < set.capacity; ++instance) {
        wanted.insert({site.server_farm, instance, *site.virtual_network_subnet, set.incarnation});
      }
    }
  }
  return {wanted.begin(), wanted.end()};
}

std::vector<Integration> address_holders(const Lab& lab, const Instances& instances) {
  std::vector<Integration> holders = integrations(lab, instances);
  for (const auto& [name, site] : lab.sites) {
    const auto farm = lab.server_farms.find(site.server_farm);
    if (!site.virtual_network_subnet || farm == lab.server_farms.end()) continue;
    if (!farm->second.hyper_v) continue;
    for (const InstanceSet& set : instance_sets(lab, instances, site.server_farm)) {
      for (int instance = 0; instance < set.capacity; ++instance) {
        holders.push_back(
            {site.server_farm, instance, *site.virtual_network_subnet, set.incarnation, name});
      }
    }
  }
  std::sort(holders.begin(), holders.end());
  return holders;
}

const char* name_of(Direction direction) {
  return direction == Direction::kInbound ? "Inbound" : "Outbound";
}

const char* name_of(Access access) {
  return access == Access::kAllow ? "Allow" : "Deny";
}

const char* name_of(SecurityRuleProtocol protocol) {
  switch (protocol) {
    case SecurityRuleProtocol::kAny: return "*";
    case SecurityRuleProtocol::kTcp: return "Tcp";
    case SecurityRuleProtocol::kUdp: return "Udp";
    case SecurityRuleProtocol::kIcmp: return "Icmp";
    case SecurityRuleProtocol::kEsp: return "Esp";
    case SecurityRuleProtocol::kAh: return "Ah";
  }
  return "*";
}

const char* name_of(NextHopType type) {
  switch (type) {
    case NextHopType::kVirtualNetworkGateway: return "VirtualNetworkGateway";
    case NextHopType::kVnetLocal: return "VnetLocal";
    case NextHopType::kInternet: return "Internet";
    case NextHopType::kVirtualAppliance: return "VirtualAppliance";
    case NextHopType::kNone: return "None";
  }
  return "None";
}

const char* name_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::kAllow: return "Allow";
    case Verdict::kDeny: return "Deny";
    case Verdict::kDrop: return "Drop";
    case Verdict::kNoRoute: return "NoRoute";
    case Verdict::kUnresolved: return "Unresolved";
  }
  return "Drop";
}

const char* name_of(Path path) {
  return path == Path::kDirect ? "direct" : "virtualNetwork";
}

const char* name_of(Outcome outcome) {
  switch (outcome) {
    case Outcome::kAllow: return "Allow";
    case Outcome::kDeny: return "Deny";
    case Outcome::kDrop: return "Drop";
    case Outcome::kNoRoute: return "NoRoute";
    case Outcome::kUnresolved: return "Unresolved";
    case Outcome::kForbidden: return "Forbidden";
    case Outcome::kRefused: return "Refused";
    case Outcome::kNoAnswer: return "NoAnswer";
  }
  return "Allow";
}

const char* name_of(LookupStatus status) {
  switch (status) {
    case LookupStatus::kNoError: return "NOERROR";
    case LookupStatus::kNxDomain: return "NXDOMAIN";
    case LookupStatus::kServfail: return "SERVFAIL";
    case LookupStatus::kTimeout: return "timeout";
  }
  return "timeout";
}

std::string short_text(const Ipv4Prefix& prefix) {
  return prefix.length == 32 ? prefix.address.to_string() : prefix.to_string();
}

}  // namespace egress::lab
