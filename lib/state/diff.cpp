// SPDX-License-Identifier: MIT
#include <algorithm>

#include "state/link_diff.hpp"
#include "state/ops.hpp"

namespace egress::state {
namespace {

void diff_sysctls(ChangeSet& ops, const NetnsName& netns, const NetnsState& desired,
                  const NetnsState& observed) {
  for (const auto& [name, sysctl] : desired.sysctls) {
    const auto present = observed.sysctls.find(name);
    if (present != observed.sysctls.end() && present->second == sysctl) continue;
    ops.push_back({Phase::kSysctls, Verb::kChange, netns, sysctl});
  }
}

void diff_firewall(ChangeSet& ops, const NetnsName& netns, const NetnsState& desired,
                   const NetnsState& observed) {
  if (desired.firewall == observed.firewall) return;
  Verb verb = Verb::kChange;
  if (!observed.firewall) verb = Verb::kAdd;
  if (!desired.firewall) verb = Verb::kRemove;
  ops.push_back({Phase::kFirewall, verb, netns,
                 FirewallChange{desired.firewall.value_or(Firewall{}),
                                observed.firewall.value_or(Firewall{})}});
}

void diff_addresses(ChangeSet& ops, const NetnsName& netns, const NetnsState& desired,
                    const NetnsState& observed) {
  for (const Address& address : desired.addresses) {
    if (observed.addresses.count(address) == 0) {
      ops.push_back({Phase::kAddAddresses, Verb::kAdd, netns, address});
    }
  }
  for (const Address& address : observed.addresses) {
    if (desired.addresses.count(address) == 0) {
      ops.push_back({Phase::kRemoveAddresses, Verb::kRemove, netns, address});
    }
  }
}

// As the kernel keys them.
std::map<std::pair<std::string, Ipv4Address>, MacAddress> by_key(const std::set<Neighbour>& all) {
  std::map<std::pair<std::string, Ipv4Address>, MacAddress> keyed;
  for (const Neighbour& entry : all) keyed[{entry.link, entry.address}] = entry.mac;
  return keyed;
}

void diff_neighbours(ChangeSet& ops, const NetnsName& netns, const NetnsState& desired,
                     const NetnsState& observed) {
  const auto wanted = by_key(desired.neighbours);
  const auto present = by_key(observed.neighbours);
  for (const auto& [key, mac] : wanted) {
    const auto was = present.find(key);
    if (was != present.end() && was->second == mac) continue;
    ops.push_back({Phase::kNeighbours, was == present.end() ? Verb::kAdd : Verb::kChange, netns,
                   Neighbour{key.first, key.second, mac}});
  }
  for (const auto& [key, mac] : present) {
    if (wanted.count(key) != 0) continue;
    ops.push_back(
        {Phase::kRemoveNeighbours, Verb::kRemove, netns, Neighbour{key.first, key.second, mac}});
  }
}

// Routes that others need to reach their gateways come first.
int rank(const Route& route) {
  if (!route.gateway) return 0;
  return route.onlink ? 1 : 2;
}

void diff_routes(ChangeSet& ops, const NetnsName& netns, const NetnsState& desired,
                 const NetnsState& observed) {
  std::vector<const Route*> wanted;
  for (const auto& [key, route] : desired.routes) wanted.push_back(&route);
  std::stable_sort(wanted.begin(), wanted.end(),
                   [](const Route* a, const Route* b) { return rank(*a) < rank(*b); });
  for (const Route* route : wanted) {
    const auto present = observed.routes.find(key_of(*route));
    const bool absent = present == observed.routes.end();
    if (!absent && present->second == *route) continue;
    ops.push_back({Phase::kRoutes, absent ? Verb::kAdd : Verb::kChange, netns, *route});
  }
  for (const auto& [key, route] : observed.routes) {
    if (desired.routes.count(key) != 0) continue;
    ops.push_back({Phase::kRemoveRoutes, Verb::kRemove, netns, route});
  }
}

void diff_rules(ChangeSet& ops, const NetnsName& netns, const NetnsState& desired,
                const NetnsState& observed) {
  std::vector<Rule> missing;
  std::vector<Rule> surplus;
  std::set_difference(desired.rules.begin(), desired.rules.end(), observed.rules.begin(),
                      observed.rules.end(), std::back_inserter(missing));
  std::set_difference(observed.rules.begin(), observed.rules.end(), desired.rules.begin(),
                      desired.rules.end(), std::back_inserter(surplus));
  for (const Rule& rule : missing) ops.push_back({Phase::kRules, Verb::kAdd, netns, rule});
  for (const Rule& rule : surplus) ops.push_back({Phase::kRemoveRules, Verb::kRemove, netns, rule});
}

void diff_responder(ChangeSet& ops, const NetnsName& netns, const std::optional<Responder>& desired,
                    const std::optional<Responder>& observed) {
  if (desired == observed) return;
  if (observed) ops.push_back({Phase::kStopResponders, Verb::kRemove, netns, *observed});
  if (desired) ops.push_back({Phase::kStartResponders, Verb::kAdd, netns, *desired});
}

}  // namespace

Result<ChangeSet> diff(const KernelState& desired, const KernelState& observed) {
  RETURN_IF_ERROR(check_links(desired));
  LinkChanges links = diff_links(desired, observed);
  ChangeSet ops = std::move(links.ops);
  for (const auto& [netns, state] : observed) {
    if (desired.count(netns) != 0) continue;
    diff_responder(ops, netns, std::nullopt, state.responder);
    ops.push_back({Phase::kRemoveNetns, Verb::kRemove, netns, NetnsObject{}});
  }
  for (const auto& [netns, wanted] : desired) {
    const auto present = observed.find(netns);
    const bool absent = present == observed.end();
    if (absent) ops.push_back({Phase::kAddNetns, Verb::kAdd, netns, NetnsObject{}});
    const NetnsState left =
        absent ? fresh_netns() : remaining_netns(netns, wanted, present->second, links);
    diff_sysctls(ops, netns, wanted, left);
    diff_firewall(ops, netns, wanted, left);
    diff_addresses(ops, netns, wanted, left);
    diff_neighbours(ops, netns, wanted, left);
    diff_routes(ops, netns, wanted, left);
    diff_rules(ops, netns, wanted, left);
    diff_responder(ops, netns, wanted.responder, left.responder);
  }
  std::stable_sort(ops.begin(), ops.end(), [](const Op& a, const Op& b) {
    return std::tie(a.phase, a.netns) < std::tie(b.phase, b.netns);
  });
  return ops;
}

}  // namespace egress::state
