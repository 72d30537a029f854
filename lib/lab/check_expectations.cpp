// SPDX-License-Identifier: MIT

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>

#include "lab/checks.hpp"

namespace egress::lab {
namespace {

constexpr const char* kDefaultRules[] = {"AllowVnetInBound",      "AllowAzureLoadBalancerInBound",
                                         "DenyAllInBound",        "AllowVnetOutBound",
                                         "AllowInternetOutBound", "DenyAllOutBound"};

using Names = std::map<std::string, int>;

Names host_names(const Lab& lab) {
  Names names;
  for (const auto& [name, host] : lab.hosts) {
    names[name];
    for (const std::string& other : host.names) names[other];
  }
  return names;
}

bool never_leaves_a_host(Ipv4Address address) {
  constexpr Ipv4Prefix kNever[] = {{{0x00000000}, 8}, {{0x7f000000}, 8}, {{0xe0000000}, 3}};
  return std::any_of(std::begin(kNever), std::end(kNever),
                     [&](const Ipv4Prefix& prefix) { return prefix.contains(address); });
}

class ExpectationCheck {
 public:
  ExpectationCheck(const Lab& lab, const Names& hosts, size_t index, Checks& checks)
      : lab_(lab),
        hosts_(hosts),
        expectation_(lab.expectations[index]),
        path_(fmt::format("expectations[{}]", index)),
        checks_(checks) {}

  void check() {
    check_from();
    check_to();
    check_by();
  }

 private:
  void check_from() {
    const std::string path = path_ + ".from";
    if (!checks_.refers(path, "site", expectation_.from, lab_.sites, "sites")) return;
    const std::string& plan = lab_.sites.at(expectation_.from).server_farm;
    const auto farm = lab_.server_farms.find(plan);
    if (farm == lab_.server_farms.end() || expectation_.instance < farm->second.capacity) return;
    checks_.error(
        path, "unknown-reference",
        fmt::format("site '{}' has no instance {}: plan '{}' has {}, counted from 0",
                    expectation_.from, expectation_.instance, plan, farm->second.capacity),
        {}, {"serverFarms." + plan, "sites." + expectation_.from + ".serverFarm"});
  }

  void refuse_form() {
    checks_.error(path_ + ".to", "url",
                  fmt::format("'{}' is not the URL of a flow", shown(expectation_.to)),
                  "write tcp://HOST:PORT, udp://HOST:PORT or icmp://HOST, ports from 1 to 65535");
  }

  void check_to() {
    const std::string& url = expectation_.to;
    const size_t scheme_end = url.find("://");
    if (scheme_end == std::string::npos) return refuse_form();
    const std::string scheme = url.substr(0, scheme_end);
    const std::string rest = url.substr(scheme_end + 3);
    const size_t colon = rest.find(':');
    const std::string host = rest.substr(0, colon);
    const bool with_port = scheme == "tcp" || scheme == "udp";
    if ((!with_port && scheme != "icmp") || host.empty()) return refuse_form();
    if (with_port != (colon != std::string::npos)) return refuse_form();
    if (with_port) {
      uint16_t port = 0;
      const auto [end, failure] =
          std::from_chars(rest.data() + colon + 1, rest.data() + rest.size(), port);
      if (failure != std::errc{} || end != rest.data() + rest.size() || port == 0) {
        return refuse_form();
      }
    }
    check_destination(host);
  }

  void check_destination(const std::string& host) {
    const auto address = Ipv4Address::parse(host);
    if (!address) {
      // Hosts that could not be read may have had the name.
      checks_.refers(path_ + ".to", "host", host, hosts_, "hosts");
    } else if (never_leaves_a_host(*address)) {
      checks_.error(path_ + ".to", "url",
                    fmt::format("packets to {} never leave a host", address->to_string()));
    }
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
      Names rules;
      for (const char* rule : kDefaultRules) rules[rule];
      for (const auto& [rule, ignored] : group->second.security_rules) rules[rule];
      if (table == lab_.route_tables.end() || !table->second.routes.contains(name)) {
        checks_.refers(path, fmt::format("'{}' has no rule", owner), name, rules,
                       "networkSecurityGroups." + owner);
      }
    } else if (table != lab_.route_tables.end()) {
      checks_.refers(path, fmt::format("'{}' has no route", owner), name, table->second.routes,
                     "routeTables." + owner);
    } else if (owner != "system" && !lab_.virtual_networks.contains(owner)) {
      check_owner(path, owner);
    }
  }

  void check_owner(const std::string& path, const std::string& owner) {
    Nearest search(owner);
    search.consider("system");
    for (const auto& [name, group] : lab_.network_security_groups) search.consider(name);
    for (const auto& [name, table] : lab_.route_tables) search.consider(name);
    for (const auto& [name, vnet] : lab_.virtual_networks) search.consider(name);
    checks_.error(path, "unknown-reference",
                  fmt::format("nothing that decides is called '{}'", shown(owner)),
                  search.found() ? fmt::format("did you mean '{}'?", *search.found())
                                 : "write NSG/RULE, TABLE/ROUTE, VNET/PEERING or system/PREFIX",
                  {"networkSecurityGroups", "routeTables", "virtualNetworks"});
  }

  const Lab& lab_;
  const Names& hosts_;
  const Expectation& expectation_;
  std::string path_;
  Checks& checks_;
};

}  // namespace

void check_expectations(const Lab& lab, Checks& checks) {
  const Names hosts = host_names(lab);
  for (size_t i = 0; i < lab.expectations.size(); ++i) {
    ExpectationCheck(lab, hosts, i, checks).check();
  }
}

}  // namespace egress::lab
