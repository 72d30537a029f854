// SPDX-License-Identifier: MIT
#include "lab/public_addresses.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/special_ranges.hpp"
#include "lab/limits.hpp"

namespace egress::lab {
namespace {

constexpr NotPublic kNotPublic[] = {
    {kThisNetwork, "this network"},
    {kPrivate10, "private"},
    {kSharedSpace, "shared address space"},
    {kLoopback, "loopback"},
    {kLinkLocal, "link-local"},
    {kPrivate172, "private"},
    {kPrivate192, "private"},
    {{kAzurePlatform, 32}, "Azure's platform address"},
    {kMulticast, "multicast"},
    {kReserved, "reserved"},
};

// What NAT gateways show, and what machines have of their own.
void add_translating(const Lab& lab, std::vector<PublicAddress>& all) {
  for (const auto& [name, address] : lab.public_ip_addresses) {
    all.push_back({address.ip_address, fmt::format("the address of public IP address '{}'", name),
                   "publicIPAddresses." + name + ".ipAddress"});
  }
  // One with a name is that entry's.
  for (const auto& [name, host] : lab.hosts) {
    const auto address = public_address_of(lab, host);
    if (!address || lab.public_ip_addresses.contains(*host.public_ip_address)) continue;
    all.push_back({*address, fmt::format("the public address of host '{}'", name),
                   "hosts." + name + ".publicIPAddress"});
  }
  for (const auto& [name, gateway] : lab.nat_gateways) {
    for (size_t i = 0; i < gateway.public_ip_prefixes.size(); ++i) {
      const Ipv4Prefix& prefix = gateway.public_ip_prefixes[i];
      if (prefix.length < kMinNatPrefixLength) continue;  // it has a finding of its own
      all.push_back({prefix.address, fmt::format("in a prefix of NAT gateway '{}'", name),
                     fmt::format("natGateways.{}.publicIpPrefixes[{}]", name, i), prefix.length});
    }
  }
}

// Plans of one scale unit share addresses, with each other and with those of the lab.
void add_outbound(const Lab& lab, std::vector<PublicAddress>& all) {
  std::set<Ipv4Address> known;
  const auto add = [&](const std::vector<Ipv4Address>& listed, const std::string& path) {
    for (size_t i = 0; i < listed.size(); ++i) {
      if (known.contains(listed[i])) continue;
      all.push_back({listed[i], "an outbound address of the apps",
                     fmt::format("{}outboundIpAddresses[{}]", path, i)});
    }
    known.insert(listed.begin(), listed.end());
  };
  add(lab.outbound_ip_addresses, "");
  for (const auto& [name, farm] : lab.server_farms) {
    add(farm.outbound_ip_addresses, "serverFarms." + name + ".");
  }
  for (const Ipv4Address address : outbound_addresses(lab)) {
    if (!known.insert(address).second) continue;
    all.push_back(
        {address, "an outbound address of apps without 'outboundIpAddresses'", "serverFarms"});
  }
}

bool lies_in_any(const Ipv4Prefix& prefix, const HostPrefixes& prefixes) {
  for (int length = prefix.length; length >= 0; --length) {
    Ipv4Prefix around{prefix.address, static_cast<uint8_t>(length)};
    around.address.bits &= around.mask();
    if (prefixes.contains(around)) return true;
  }
  return false;
}

// Keeps `prefix` from those of `declared` that hold it, and all from those that lie in it.
void keep(const Ipv4Prefix& prefix, const HostPrefixes& declared, HostPrefixes& all) {
  if (lies_in_any(prefix, declared)) all[prefix] = "";
  for (auto each = declared.lower_bound(prefix);
       each != declared.end() && prefix.contains(each->first); ++each) {
    all[each->first] = "";
  }
}

}  // namespace

std::vector<PublicAddress> public_addresses(const Lab& lab) {
  std::vector<PublicAddress> all;
  const bool default_front = std::any_of(lab.sites.begin(), lab.sites.end(), [](const auto& site) {
    return !site.second.inbound_ip_address;
  });
  if (!lab.sites.empty()) {
    all.push_back(
        {kKeyVaultAddress, "the address from which Key Vault is asked in public", "sites"});
  }
  if (default_front) {
    all.push_back(
        {kDefaultInboundAddress, "the address of sites without 'inboundIpAddress'", "sites"});
  }
  add_outbound(lab, all);
  for (const auto& [name, host] : lab.hosts) {
    if (host.internet()) {
      if (!host.has_address()) continue;
      all.push_back({host.ip_address, fmt::format("the address of host '{}'", name),
                     "hosts." + name + ".ipAddress"});
    } else if (host.masquerade) {
      all.push_back({*host.masquerade, fmt::format("the masquerade address of host '{}'", name),
                     "hosts." + name + ".masquerade"});
    }
  }
  for (const auto& [name, service] : lab.services) {
    all.push_back({service.ip_address, fmt::format("the address of service '{}'", name),
                   "services." + name + ".ipAddress"});
  }
  for (const auto& [name, site] : lab.sites) {
    if (!site.inbound_ip_address) continue;
    all.push_back({*site.inbound_ip_address, fmt::format("the inbound address of site '{}'", name),
                   "sites." + name + ".inboundIpAddress"});
  }
  for (const auto& [name, network] : lab.on_premises) {
    if (!network.internet_address) continue;
    all.push_back({*network.internet_address,
                   fmt::format("the Internet address of network on-premises '{}'", name),
                   "onPremises." + name + ".internetAddress"});
  }
  add_translating(lab, all);
  return all;
}

const NotPublic* overlapping_not_public(const Ipv4Prefix& prefix) {
  const auto* found =
      std::find_if(std::begin(kNotPublic), std::end(kNotPublic),
                   [&](const NotPublic& range) { return range.prefix.overlaps(prefix); });
  return found == std::end(kNotPublic) ? nullptr : found;
}

const NotPublic* not_public(const Ipv4Prefix& prefix) {
  const NotPublic* found = overlapping_not_public(prefix);
  return found != nullptr && found->prefix.contains(prefix) ? found : nullptr;
}

HostPrefixes host_prefixes(const Lab& lab) {
  HostPrefixes declared;
  for (const auto& [name, host] : lab.hosts) {
    for (const Ipv4Prefix& prefix : host.address_prefixes) declared.emplace(prefix, name);
  }
  if (declared.empty()) return declared;
  HostPrefixes all = declared;
  for (const NotPublic& range : kNotPublic) keep(range.prefix, declared, all);
  for (const PublicAddress& address : public_addresses(lab)) keep(address.prefix(), declared, all);
  return all;
}

AddressSet answered_by(const std::string& host, const HostPrefixes& prefixes) {
  // What the longer prefix says counts.
  std::map<uint8_t, std::pair<std::vector<Ipv4Prefix>, std::vector<Ipv4Prefix>>> by_length;
  for (const auto& [prefix, owner] : prefixes) {
    auto& [own, others] = by_length[prefix.length];
    (owner == host ? own : others).push_back(prefix);
  }
  AddressSet answered;
  for (const auto& [length, sides] : by_length) {
    answered = answered.united(address_set(sides.first)).without(address_set(sides.second));
  }
  return answered;
}

}  // namespace egress::lab
