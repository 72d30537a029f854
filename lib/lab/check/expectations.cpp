// SPDX-License-Identifier: MIT

#include <fmt/format.h>

#include "lab/check/checks.hpp"
#include "lab/flow_url.hpp"
#include "lab/schema/vocabulary.hpp"

namespace egress::lab {
namespace {

Names host_names(const Lab& lab) {
  Names names;
  for (const auto& [name, host] : lab.hosts) {
    names.insert(name);
    names.insert(host.names.begin(), host.names.end());
  }
  return names;
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

  void check_to() {
    const std::string path = path_ + ".to";
    const auto target = parse_flow_target(expectation_.to);
    if (!target.ok()) {
      checks_.error(path, "url", target.error().message, kFlowUrlForm);
      return;
    }
    const auto address = find_address(lab_, target->host);
    if (!address) {
      // Hosts that could not be read may have had the name.
      checks_.refers(path, "host", target->host, hosts_, "hosts");
    } else if (never_leaves_a_host(*address)) {
      // A host whose address could not be read has 0.0.0.0.
      checks_.error(path, "url",
                    fmt::format("packets to {} never leave a host", address->to_string()), {},
                    {"hosts"});
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
      Names rules(default_security_rules().begin(), default_security_rules().end());
      for (const auto& [rule, ignored] : group->second.security_rules) rules.insert(rule);
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
                  search.hint("write NSG/RULE, TABLE/ROUTE, VNET/PEERING or system/PREFIX"),
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
