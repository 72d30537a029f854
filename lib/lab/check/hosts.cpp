// SPDX-License-Identifier: MIT

#include <fmt/format.h>

#include <map>
#include <set>
#include <utility>

#include "lab/check/checks.hpp"
#include "lab/limits.hpp"
#include "lab/public_addresses.hpp"

namespace egress::lab {
namespace {

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
  refuse(host.network_security_group.has_value(), "networkSecurityGroup",
         "only a host in a virtual network has a security group");
  refuse(host.public_ip_address.has_value(), "publicIPAddress",
         "an Internet host has its public address in 'ipAddress'");
  refuse(host.stateful, "stateful", "only a host in a virtual network can be a firewall");
  refuse(!host.network_rules.empty(), "networkRules",
         "only a host in a virtual network can be a firewall");
  refuse(!host.application_security_groups.empty(), "applicationSecurityGroups",
         "only a host in a virtual network can be in application security groups");
}

std::string path_of_prefix(const std::string& host, size_t number) {
  return fmt::format("hosts.{}.addressPrefixes[{}]", host, number);
}

// What has one address of its own.
void refuse_beside_prefixes(const std::string& name, const Host& host, Checks& checks) {
  const std::string path = "hosts." + name;
  const auto refuse = [&](bool present, const char* key, const char* why) {
    if (present) checks.error(path + "." + key, "address-prefixes", why);
  };
  if (!host.internet()) {
    checks.error(path + ".addressPrefixes", "address-prefixes",
                 "only an Internet host stands for whole prefixes", {},
                 {path + ".subnet", path + ".internet"});
  }
  refuse(!host.names.empty(), "names",
         "a host with 'addressPrefixes' has no address that its names could mean: write records in "
         "'publicDns'");
  refuse(host.dns_server.has_value(), "dnsServer",
         "a host with 'addressPrefixes' has no address for a DNS server");
}

void check_prefixes(const std::string& name, const Host& host, const HostPrefixes& all,
                    Checks& checks) {
  const std::string path = "hosts." + name + ".addressPrefixes";
  checks.limit(path, host.address_prefixes.size(), kMaxHostPrefixes, "prefixes", " for a host");
  bool all_refused = true;
  for (size_t i = 0; i < host.address_prefixes.size(); ++i) {
    const Ipv4Prefix& prefix = host.address_prefixes[i];
    const NotPublic* range = not_public(prefix);
    const std::string& holder = all.at(prefix);
    all_refused = all_refused && (range != nullptr || (holder != name && !holder.empty()));
    if (range == nullptr) continue;
    checks.error(path_of_prefix(name, i), "address-not-public",
                 fmt::format("{} holds no public address: {} is {}", prefix.to_string(),
                             range->prefix.to_string(), range->use));
  }
  if (!all_refused && answered_by(name, all).empty()) {
    checks.error(path, "address-prefixes", "every address in them belongs to somebody else", {},
                 {"hosts", "services", "sites", "serverFarms", "publicIPAddresses", "natGateways",
                  "outboundIpAddresses"});
  }
}

// A prefix stands for one host.
void check_owners_of_prefixes(const Lab& lab, Checks& checks) {
  std::map<Ipv4Prefix, std::pair<std::string, size_t>> owners;
  for (const auto& [name, host] : lab.hosts) {
    for (size_t i = 0; i < host.address_prefixes.size(); ++i) {
      const Ipv4Prefix& prefix = host.address_prefixes[i];
      const auto [owner, fresh] = owners.emplace(prefix, std::pair(name, i));
      if (fresh) continue;
      const auto& [other, number] = owner->second;
      const std::string has = fmt::format(" has the prefix {} already", prefix.to_string());
      checks.clash("address-duplicate",
                   {path_of_prefix(name, i), fmt::format("host '{}'", other), has},
                   {path_of_prefix(other, number), fmt::format("host '{}'", name), has});
    }
  }
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

// The list of its NIC, and its own public address (contract "Decided" 27).
void check_interface(const std::string& name, const Host& host, const Lab& lab, Checks& checks) {
  const std::string path = "hosts." + name;
  if (host.network_security_group) {
    checks.refers(path + ".networkSecurityGroup", "network security group",
                  *host.network_security_group, lab.network_security_groups,
                  "networkSecurityGroups");
  }
  if (!host.public_ip_address) return;
  const std::string at = path + ".publicIPAddress";
  if (host.masquerade) {
    checks.error(at, "masquerade-and-public-address",
                 "a host with 'masquerade' shows that address: it takes no public address of its "
                 "own",
                 {}, {path + ".masquerade"});
  }
  if (!public_address_of(lab, host)) {
    checks.refers(at, "public IP address", *host.public_ip_address, lab.public_ip_addresses,
                  "publicIPAddresses");
    return;
  }
  const Subnet* subnet = host.subnet ? lab.find(*host.subnet) : nullptr;
  if (subnet == nullptr || subnet->network_security_group || host.network_security_group) return;
  checks.warning(at, "open-to-internet",
                 "no security group filters what comes to it, so here everything gets in, where "
                 "Azure lets nothing in by a Standard public address",
                 "give it or its subnet a networkSecurityGroup",
                 {path + ".subnet", path + ".networkSecurityGroup", subnet_path(*host.subnet)});
}

}  // namespace

void check_listen(const std::string& path, const std::vector<Port>& listen, const std::string& who,
                  Checks& checks) {
  if (listen.size() > kMaxListen) {
    checks.error(path + ".listen", "limit",
                 fmt::format("{} ports, {} listens on {} at most", listen.size(), who, kMaxListen));
  }
  std::set<Port> seen;
  for (size_t i = 0; i < listen.size(); ++i) {
    if (seen.insert(listen[i]).second) continue;
    checks.error(fmt::format("{}.listen[{}]", path, i), "listen-duplicate",
                 listen[i].to_string() + " is listed twice");
  }
}

void check_hosts(const Lab& lab, Checks& checks) {
  const HostPrefixes prefixes = host_prefixes(lab);
  check_owners_of_prefixes(lab, checks);
  for (const auto& [name, host] : lab.hosts) {
    check_listen("hosts." + name, host.listen, "a host", checks);
    check_groups(name, host, lab.application_security_groups, checks);
    check_network_rules("hosts." + name, host, checks);
    check_interface(name, host, lab, checks);
    if (host.internet()) refuse_in_internet(name, host, checks);
    if (host.has_address()) continue;
    refuse_beside_prefixes(name, host, checks);
    check_prefixes(name, host, prefixes, checks);
  }
}

}  // namespace egress::lab
