// SPDX-License-Identifier: MIT

// Who has which address: inside virtual networks, and in public.

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <set>

#include "lab/check/checks.hpp"
#include "lab/limits.hpp"
#include "lab/public_addresses.hpp"
#include "lab/schema/vocabulary.hpp"

namespace egress::lab {
namespace {

// What stands in a subnet.
struct Place {
  std::string owner{};
  std::string kind{};  // in the plural
  std::string path{};
  SubnetRef subnet{};
  std::optional<Ipv4Address> address{};
  const char* property = "ipAddress";  // that says the address

  std::string path_of_address() const { return path + "." + property; }
};

std::vector<Place> places(const Lab& lab) {
  std::vector<Place> all;
  for (const auto& [name, host] : lab.hosts) {
    if (!host.subnet || !host.has_address()) continue;
    all.push_back(
        {fmt::format("host '{}'", name), "hosts", "hosts." + name, *host.subnet, host.ip_address});
  }
  for (const auto& [name, endpoint] : lab.private_endpoints) {
    all.push_back({fmt::format("private endpoint '{}'", name), "private endpoints",
                   "privateEndpoints." + name, endpoint.subnet, endpoint.ip_address});
  }
  for (const auto& [name, balancer] : lab.load_balancers) {
    for (const auto& [frontend, configuration] : balancer.frontend_ip_configurations) {
      all.push_back({fmt::format("frontend '{}' of load balancer '{}'", frontend, name),
                     "load balancers", frontend_path(name, frontend), configuration.subnet,
                     configuration.private_ip_address, "privateIPAddress"});
    }
  }
  return all;
}

Checks::Paths paths_of_prefixes(const SubnetRef& ref, const Subnet& subnet) {
  Checks::Paths paths = {subnet_path(ref) + ".addressPrefix",
                         subnet_path(ref) + ".addressPrefixes"};
  for (size_t i = 0; i < subnet.address_prefixes.size(); ++i) {
    paths.push_back(fmt::format("{}.addressPrefixes[{}]", subnet_path(ref), i));
  }
  return paths;
}

void check_address(const Place& place, const Subnet& subnet, Checks& checks) {
  const Ipv4Address address = *place.address;
  const std::string at = place.path_of_address();
  const auto prefix =
      std::find_if(subnet.address_prefixes.begin(), subnet.address_prefixes.end(),
                   [&](const Ipv4Prefix& candidate) { return candidate.contains(address); });
  const auto usable =
      prefix == subnet.address_prefixes.end() ? std::nullopt : usable_range(*prefix);
  Checks::Paths rests_on = paths_of_prefixes(place.subnet, subnet);
  rests_on.push_back(place.path + ".subnet");
  if (prefix == subnet.address_prefixes.end()) {
    std::vector<std::string> prefixes;
    for (const Ipv4Prefix& own : subnet.address_prefixes) prefixes.push_back(own.to_string());
    checks.error(at, "address-outside",
                 fmt::format("{} is not in subnet '{}' ({})", address.to_string(),
                             place.subnet.to_string(), fmt::join(prefixes, ", ")),
                 {}, std::move(rests_on));
  } else if (!usable || address.bits < usable->first || address.bits > usable->last) {
    checks.error(
        at, "address-reserved",
        fmt::format("Azure reserves {}: the first four addresses of {} and the last one",
                    address.to_string(), prefix->to_string()),
        usable ? fmt::format("{} is the first usable one", Ipv4Address{usable->first}.to_string())
               : std::string{},
        std::move(rests_on));
  }
}

void check_place(const Place& place, const Lab& lab, Checks& checks) {
  if (!checks.refers_to_subnet(place.path + ".subnet", place.subnet, lab)) return;
  const Subnet& subnet = *lab.find(place.subnet);
  if (is_integration_subnet(subnet)) {
    checks.error(place.path + ".subnet", "delegation",
                 fmt::format("subnet '{}' is delegated to {} and takes no {}",
                             place.subnet.to_string(), kServerFarmsDelegation, place.kind),
                 {}, {subnet_path(place.subnet) + ".delegations"});
  } else if (place.address) {
    check_address(place, subnet, checks);
  }
}

// Those without an address take what the others leave.
void check_room(const std::vector<Place>& all, const Lab& lab, Checks& checks) {
  std::map<SubnetRef, std::set<Ipv4Address>> taken;
  std::map<SubnetRef, uint64_t> to_come;
  for (const Place& place : all) {
    const Subnet* subnet = place.address ? lab.find(place.subnet) : nullptr;
    if (subnet == nullptr) continue;
    for (const Ipv4Prefix& prefix : subnet->address_prefixes) {
      const auto usable = usable_range(prefix);
      const bool inside =
          usable && place.address->bits >= usable->first && place.address->bits <= usable->last;
      if (inside) taken[place.subnet].insert(*place.address);
    }
  }
  for (const Place& place : all) {
    const Subnet* subnet = place.address ? nullptr : lab.find(place.subnet);
    if (subnet == nullptr || is_integration_subnet(*subnet)) continue;
    if (++to_come[place.subnet] + taken[place.subnet].size() <= usable_addresses(*subnet)) continue;
    Checks::Paths rests_on = paths_of_prefixes(place.subnet, *subnet);
    rests_on.insert(rests_on.end(), {"hosts", "privateEndpoints", "loadBalancers"});
    checks.error(place.path, "address-space-exhausted",
                 fmt::format("subnet '{}' has no free address for it", place.subnet.to_string()),
                 {}, std::move(rests_on));
  }
}

}  // namespace

void check_private_addresses(const Lab& lab, Checks& checks) {
  const std::vector<Place> all = places(lab);
  std::map<std::pair<std::string, Ipv4Address>, const Place*> owners;
  for (const Place& place : all) {
    check_place(place, lab, checks);
    if (!place.address) continue;
    const auto [owner, fresh] =
        owners.emplace(std::pair{place.subnet.vnet, *place.address}, &place);
    if (fresh) continue;
    const Place& other = *owner->second;
    const std::string has = fmt::format(" has the address {} already", place.address->to_string());
    checks.clash("address-duplicate", {place.path_of_address(), other.owner, has},
                 {other.path_of_address(), place.owner, has},
                 {place.path + ".subnet", other.path + ".subnet"});
  }
  check_room(all, lab, checks);
}

void check_public_addresses(const Lab& lab, Checks& checks) {
  std::map<Ipv4Address, const PublicAddress*> owners;  // by first addresses, without overlaps
  const std::vector<PublicAddress> all = public_addresses(lab);
  for (const PublicAddress& entry : all) {
    const Ipv4Prefix prefix = entry.prefix();
    const NotPublic* range = overlapping_not_public(prefix);
    // An Internet host is one because its subnet could not be read, or has an address because its
    // prefixes could not: it means nothing.
    const std::string host = entry.path.substr(0, entry.path.rfind('.'));
    const Checks::Paths rests_on = {host + ".subnet", host + ".internet",
                                    host + ".addressPrefixes"};
    if (range != nullptr) {
      checks.error(entry.path, "address-not-public",
                   fmt::format("{} is not a public address: {} is {}", short_text(prefix),
                               range->prefix.to_string(), range->use),
                   {}, rests_on);
      continue;
    }
    const auto behind = owners.upper_bound(prefix.last());
    const auto owner = behind == owners.begin() ? owners.end() : std::prev(behind);
    if (owner == owners.end() || !owner->second->prefix().overlaps(prefix)) {
      owners.emplace(entry.address, &entry);
      continue;
    }
    checks.error(entry.path, "address-duplicate",
                 fmt::format("{} is {} already", short_text(prefix), owner->second->owner), {},
                 rests_on);
  }
}

}  // namespace egress::lab
