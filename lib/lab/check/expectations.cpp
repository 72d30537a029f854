// SPDX-License-Identifier: MIT

#include <fmt/format.h>

#include <algorithm>

#include "lab/check/checks.hpp"
#include "lab/flow_url.hpp"
#include "lab/known_names.hpp"
#include "lab/read/findings.hpp"
#include "lab/schema/vocabulary.hpp"

namespace egress::lab {
namespace {

// Whether every name that resolves is one of known_names(): no real server is asked, and no server
// of the lab's own has records that it does not say.
bool knows_all_names(const Lab& lab) {
  return lab.public_dns.forward_to.empty() &&
         std::none_of(lab.hosts.begin(), lab.hosts.end(),
                      [](const auto& host) { return host.second.dns_server.has_value(); });
}

// What decides about mail that leaves without the network has no name of the lab's.
constexpr const char* kMailByTheDirectPath = "tcp/25";

class ExpectationCheck {
 public:
  // `names` is null where others may resolve.
  ExpectationCheck(const Lab& lab, const Names* names, size_t index, Checks& checks)
      : lab_(lab),
        names_(names),
        expectation_(lab.expectations[index]),
        path_(fmt::format("expectations[{}]", index)),
        checks_(checks) {}

  void check() {
    check_from();
    if (!expectation_.resolve.empty()) {
      check_resolve();
    } else if (!expectation_.startup) {
      check_to();
    }
    check_by();
  }

 private:
  void check_from() {
    const std::string path = path_ + ".from";
    if (!expectation_.host.empty()) return check_host(path);
    if (!checks_.refers(path, "site", expectation_.from, lab_.sites, "sites")) return;
    const std::string& plan = lab_.sites.at(expectation_.from).server_farm;
    const auto farm = lab_.server_farms.find(plan);
    if (farm == lab_.server_farms.end() || expectation_.instance < farm->second.capacity) return;
    checks_.error(
        path, "unknown-reference",
        fmt::format("site '{}' has no instance {}: plan '{}' has {}, counted from 0",
                    expectation_.from, expectation_.instance, plan, farm->second.capacity),
        {},
        {"serverFarms." + plan, "serverFarms." + plan + ".capacity",
         "sites." + expectation_.from + ".serverFarm"});
  }

  void check_host(const std::string& path) {
    checks_.refers(path, "host", expectation_.host, lab_.hosts, "hosts");
    const auto refuse = [&](bool present, const char* key) {
      if (!present) return;
      checks_.error(path_ + "." + key, "expectation",
                    fmt::format("'{}' is of apps, and '{}' is a host", key, expectation_.host), {},
                    {path});
    };
    refuse(expectation_.startup, "startup");
    refuse(expectation_.traffic != TrafficClass::kApplication, "traffic");
  }

  void check_to() {
    const std::string path = path_ + ".to";
    const auto target = parse_flow_target(expectation_.to);
    if (!target.ok()) {
      // A lookup whose name could not be read, and a start that could not, have no URL.
      checks_.error(path, "url", target.error().message, kFlowUrlForm,
                    {path_ + ".resolve", path_ + ".startup"});
      return;
    }
    if (const auto address = Ipv4Address::parse(target->host); address.ok()) {
      if (!never_leaves_a_host(*address)) return;
      checks_.error(path, "url",
                    fmt::format("packets to {} never leave a host", address->to_string()));
    } else if (expectation_.expect != Outcome::kUnresolved) {
      check_name(path, target->host);
    }
  }

  void check_resolve() {
    const bool fails = expectation_.status && *expectation_.status != LookupStatus::kNoError;
    if (!fails) check_name(path_ + ".resolve", expectation_.resolve);
  }

  // Which names there are for an app is its resolver's business (contract "Decided" 23).
  void check_name(const std::string& path, const std::string& name) {
    if (names_ == nullptr || stands_in(*names_, name)) return;
    Nearest search(name);
    if (checks_.wants_suggestions()) {
      for (const std::string& known : *names_) search.consider(known);
    }
    checks_.warning(path, "unknown-name",
                    fmt::format("nothing in the lab has the name '{}'", shown(name)), search.hint(),
                    {path_ + ".expect", kUnknownSection, "hosts", "services", "sites", "publicDns",
                     "privateDnsZones"});
  }

  // "nsg/rule" and "table/route": the second name must exist where the first one does, and a first
  // name that nothing has must not look like one that something has.
  void check_by() {
    if (!expectation_.by) return;
    const std::string path = path_ + ".by";
    const size_t slash = expectation_.by->find('/');
    if (slash == std::string::npos) return;
    const std::string owner = expectation_.by->substr(0, slash);
    const std::string name = expectation_.by->substr(slash + 1);
    const auto group = lab_.network_security_groups.find(owner);
    const auto table = lab_.route_tables.find(owner);
    if (group != lab_.network_security_groups.end()) {
      Names rules(default_security_rules().begin(), default_security_rules().end());
      for (const auto& [rule, ignored] : group->second.security_rules) rules.insert(rule);
      if (table == lab_.route_tables.end() || !table->second.routes.contains(name)) {
        checks_.refers(path, fmt::format("'{}' has no rule", owner), name, rules,
                       "networkSecurityGroups." + owner);
      }
    } else if (table != lab_.route_tables.end()) {
      checks_.refers(path, fmt::format("'{}' has no route", owner), name, table->second.routes,
                     "routeTables." + owner);
    } else if (const Host* firewall = firewall_called(owner)) {
      Names rules{kDenyAll};
      for (const auto& [rule, ignored] : firewall->network_rules) rules.insert(rule);
      checks_.refers(path, fmt::format("'{}' has no network rule", owner), name, rules,
                     "hosts." + owner);
    } else if (owner == "privateEndpoints") {
      checks_.refers(path, "private endpoint", name, lab_.private_endpoints, owner);
    } else if (owner == "subscriptions") {
      checks_.refers(path, "subscription", name, lab_.subscriptions, owner);
    } else if (owner == "natGateways") {
      checks_.refers(path, "NAT gateway", name, lab_.nat_gateways, owner);
    } else if (owner == "gateways") {
      checks_.refers(path, "virtual network gateway", name, lab_.virtual_network_gateways,
                     "virtualNetworkGateways");
    } else if (owner == "loadBalancers") {
      check_balancer(path, name);
    } else if (owner == "serviceEndpoints") {
      const auto& known = service_endpoint_names();
      checks_.refers(path, "service endpoint", name, Names(known.begin(), known.end()),
                     "virtualNetworks");
    } else if (const auto zone = lab_.private_dns_zones.find(owner);
               zone != lab_.private_dns_zones.end()) {
      checks_.refers(path, fmt::format("'{}' has no link with", owner), name,
                     zone->second.virtual_network_links, "privateDnsZones." + owner);
    } else if (owner != "system" && *expectation_.by != kMailByTheDirectPath &&
               !lab_.virtual_networks.contains(owner)) {
      check_owner(path, owner);
    }
  }

  // A rule or a frontend of one.
  void check_balancer(const std::string& path, const std::string& name) {
    const size_t slash = name.find('/');
    const std::string balancer = name.substr(0, slash);
    if (!checks_.refers(path, "load balancer", balancer, lab_.load_balancers, "loadBalancers")) {
      return;
    }
    const LoadBalancer& declared = lab_.load_balancers.at(balancer);
    Names parts;
    for (const auto& [rule, ignored] : declared.load_balancing_rules) parts.insert(rule);
    for (const auto& [frontend, ignored] : declared.frontend_ip_configurations) {
      parts.insert(frontend);
    }
    checks_.refers(path, fmt::format("'{}' has no rule or frontend", balancer),
                   slash == std::string::npos ? std::string() : name.substr(slash + 1), parts,
                   "loadBalancers." + balancer);
  }

  // Null when no host with network rules has the name.
  const Host* firewall_called(const std::string& name) const {
    const auto host = lab_.hosts.find(name);
    const bool rules = host != lab_.hosts.end() && !host->second.network_rules.empty();
    return rules ? &host->second : nullptr;
  }

  void check_owner(const std::string& path, const std::string& owner) {
    Nearest search(owner);
    search.consider("system");
    for (const auto& [name, group] : lab_.network_security_groups) search.consider(name);
    for (const auto& [name, table] : lab_.route_tables) search.consider(name);
    for (const auto& [name, vnet] : lab_.virtual_networks) search.consider(name);
    for (const auto& [name, zone] : lab_.private_dns_zones) search.consider(name);
    for (const auto& [name, host] : lab_.hosts) {
      if (!host.network_rules.empty()) search.consider(name);
    }
    checks_.error(
        path, "unknown-reference", fmt::format("nothing that decides is called '{}'", shown(owner)),
        search.hint("write NSG/RULE, TABLE/ROUTE, HOST/RULE, VNET/PEERING, privateEndpoints/NAME, "
                    "serviceEndpoints/SERVICE, natGateways/NAME, gateways/NAME, "
                    "loadBalancers/NAME/RULE, loadBalancers/NAME/FRONTEND, subscriptions/NAME, "
                    "ZONE/NETWORK, tcp/25 or system/PREFIX"),
        {"networkSecurityGroups", "routeTables", "virtualNetworks", "hosts", "privateDnsZones"});
    checks_.is_absent({{}, owner});
  }

  const Lab& lab_;
  const Names* names_;
  const Expectation& expectation_;
  std::string path_;
  Checks& checks_;
};

}  // namespace

void check_expectations(const Lab& lab, Checks& checks) {
  const Names names =
      knows_all_names(lab) && !lab.expectations.empty() ? known_names(lab) : Names{};
  const Names* known = knows_all_names(lab) ? &names : nullptr;
  for (size_t i = 0; i < lab.expectations.size(); ++i) {
    ExpectationCheck(lab, known, i, checks).check();
  }
}

}  // namespace egress::lab
