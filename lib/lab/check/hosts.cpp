// SPDX-License-Identifier: MIT

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "base/special_ranges.hpp"
#include "lab/check/checks.hpp"
#include "lab/limits.hpp"
#include "lab/schema/vocabulary.hpp"

namespace egress::lab {
namespace {

struct Range {
  Ipv4Prefix prefix{};
  const char* use = "";
};

constexpr Range kNotPublic[] = {
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

void check_place(const std::string& name, const Host& host, const Lab& lab, Checks& checks) {
  const std::string path = "hosts." + name;
  const std::string address_path = path + ".ipAddress";
  if (!checks.refers_to_subnet(path + ".subnet", *host.subnet, lab)) return;
  const Subnet& subnet = *lab.find(*host.subnet);
  const std::string ref = host.subnet->to_string();
  if (is_integration_subnet(subnet)) {
    checks.error(path + ".subnet", "delegation",
                 fmt::format("subnet '{}' is delegated to {} and takes no hosts", ref,
                             kServerFarmsDelegation),
                 {}, {subnet_path(*host.subnet) + ".delegations"});
    return;
  }
  const auto prefix = std::find_if(
      subnet.address_prefixes.begin(), subnet.address_prefixes.end(),
      [&](const Ipv4Prefix& candidate) { return candidate.contains(host.ip_address); });
  const auto usable =
      prefix == subnet.address_prefixes.end() ? std::nullopt : usable_range(*prefix);
  const Checks::Paths rests_on = {path + ".subnet", subnet_path(*host.subnet) + ".addressPrefix",
                                  subnet_path(*host.subnet) + ".addressPrefixes"};
  if (prefix == subnet.address_prefixes.end()) {
    std::string prefixes;
    for (const Ipv4Prefix& own : subnet.address_prefixes) {
      prefixes += (prefixes.empty() ? "" : ", ") + own.to_string();
    }
    checks.error(
        address_path, "address-outside",
        fmt::format("{} is not in subnet '{}' ({})", host.ip_address.to_string(), ref, prefixes),
        {}, rests_on);
  } else if (!usable || host.ip_address.bits < usable->first ||
             host.ip_address.bits > usable->last) {
    checks.error(
        address_path, "address-reserved",
        fmt::format("Azure reserves {}: the first four addresses of {} and the last one",
                    host.ip_address.to_string(), prefix->to_string()),
        usable ? fmt::format("{} is the first usable one", Ipv4Address{usable->first}.to_string())
               : std::string{},
        rests_on);
  }
}

void refuse_in_internet(const std::string& name, const Host& host, Checks& checks) {
  const std::string path = "hosts." + name;
  const auto refuse = [&](bool present, const char* key, const char* why) {
    if (!present) return;
    checks.error(path + "." + key, "internet-host", why, {},
                 {path + ".subnet", path + ".internet"});
  };
  refuse(host.enable_ip_forwarding, "enableIPForwarding",
         "only a host in a virtual network can forward");
  refuse(host.masquerade.has_value(), "masquerade",
         "only a host in a virtual network can masquerade");
  refuse(!host.application_security_groups.empty(), "applicationSecurityGroups",
         "only a host in a virtual network can be in application security groups");
}

void check_groups(const std::string& name, const Host& host, const Names& known, Checks& checks) {
  const std::string path = "hosts." + name + ".applicationSecurityGroups";
  for (size_t i = 0; i < host.application_security_groups.size(); ++i) {
    checks.refers(fmt::format("{}[{}]", path, i), "application security group",
                  host.application_security_groups[i], known, "applicationSecurityGroups");
  }
  checks.limit(path, host.application_security_groups.size(), kMaxApplicationSecurityGroupsPerHost,
               "application security groups", " for a host");
}

void check_listen(const std::string& name, const Host& host, Checks& checks) {
  if (host.listen.size() > kMaxListen) {
    checks.error(
        "hosts." + name + ".listen", "limit",
        fmt::format("{} ports, a host listens on {} at most", host.listen.size(), kMaxListen));
  }
  std::set<Port> seen;
  for (size_t i = 0; i < host.listen.size(); ++i) {
    const Port& listen = host.listen[i];
    if (seen.insert(listen).second) continue;
    checks.error(fmt::format("hosts.{}.listen[{}]", name, i), "listen-duplicate",
                 listen.to_string() + " is listed twice");
  }
}

// A public address of the lab: who presents it, and where the file says so.
struct PublicAddress {
  Ipv4Address address{};
  std::string owner{};
  std::string path{};
};

std::vector<PublicAddress> public_addresses(const Lab& lab) {
  std::vector<PublicAddress> all;
  for (size_t i = 0; i < lab.outbound_ip_addresses.size(); ++i) {
    all.push_back({lab.outbound_ip_addresses[i], "an outbound address of the apps",
                   fmt::format("outboundIpAddresses[{}]", i)});
  }
  for (const auto& [name, host] : lab.hosts) {
    if (host.internet()) {
      all.push_back({host.ip_address, fmt::format("the address of host '{}'", name),
                     "hosts." + name + ".ipAddress"});
    } else if (host.masquerade) {
      all.push_back({*host.masquerade, fmt::format("the masquerade address of host '{}'", name),
                     "hosts." + name + ".masquerade"});
    }
  }
  return all;
}

}  // namespace

void check_hosts(const Lab& lab, Checks& checks) {
  std::map<std::pair<std::string, Ipv4Address>, std::string> owners;
  for (const auto& [name, host] : lab.hosts) {
    check_listen(name, host, checks);
    check_groups(name, host, lab.application_security_groups, checks);
    if (host.internet()) {
      refuse_in_internet(name, host, checks);
      continue;
    }
    check_place(name, host, lab, checks);
    const auto [owner, fresh] = owners.emplace(std::pair{host.subnet->vnet, host.ip_address}, name);
    if (!fresh) {
      const std::string other = "hosts." + owner->second;
      checks.error("hosts." + name + ".ipAddress", "address-duplicate",
                   fmt::format("host '{}' has the address {} already", owner->second,
                               host.ip_address.to_string()),
                   {}, {"hosts." + name + ".subnet", other + ".ipAddress", other + ".subnet"});
    }
  }
}

void check_public_addresses(const Lab& lab, Checks& checks) {
  if (!lab.sites.empty() && lab.outbound_ip_addresses.empty()) {
    checks.error("outboundIpAddresses", "missing-key",
                 "'outboundIpAddresses' is missing: apps need at least one public address", {},
                 {"sites"});
  }
  std::map<Ipv4Address, const PublicAddress*> owners;
  const std::vector<PublicAddress> all = public_addresses(lab);
  for (const PublicAddress& entry : all) {
    const auto range = std::find_if(
        std::begin(kNotPublic), std::end(kNotPublic),
        [&](const Range& candidate) { return candidate.prefix.contains(entry.address); });
    // An Internet host is one because its subnet could not be read: its address means nothing.
    const std::string host = entry.path.substr(0, entry.path.rfind('.'));
    const Checks::Paths rests_on = {host + ".subnet", host + ".internet"};
    if (range != std::end(kNotPublic)) {
      checks.error(entry.path, "address-not-public",
                   fmt::format("{} is not a public address: {} is {}", entry.address.to_string(),
                               range->prefix.to_string(), range->use),
                   {}, rests_on);
      continue;
    }
    const auto [owner, fresh] = owners.emplace(entry.address, &entry);
    if (fresh) continue;
    checks.error(entry.path, "address-duplicate",
                 fmt::format("{} is {} already", entry.address.to_string(), owner->second->owner),
                 {}, rests_on);
  }
}

}  // namespace egress::lab
