// SPDX-License-Identifier: MIT
// Theory of operation. A gate (classifier.hpp) has rows for the one side's addresses and, for each
// class of them, rows for the other side's, source ports and ports. Two addresses are of one class
// when they meet the same rules. So one sweep over where the rules' ranges begin and end tells how
// many classes there are and what each can come to, without building any of it. Before that, the
// ranges themselves are counted: one tag of a published file in a hundred rules is a million.
#include "policy/size_estimate.hpp"

#include <algorithm>
#include <set>
#include <unordered_set>

#include "base/stable_hash.hpp"
#include "policy/effective_routes.hpp"
#include "policy/network_rules.hpp"
#include "policy/security_lists.hpp"
#include "policy/tags.hpp"

namespace egress::policy {
namespace {

// Internet comes to no more than this beside VirtualNetwork.
constexpr uint64_t kBuiltInRanges = 16;
constexpr uint64_t kMany = uint64_t{1} << 40U;

uint64_t product(uint64_t a, uint64_t b) {
  return a == 0 || b <= kMany / a ? a * b : kMany;
}

uint64_t network_prefixes(const lab::Lab& lab, const std::string& vnet) {
  uint64_t count = lab.virtual_networks.at(vnet).address_prefixes.size();
  for (const std::string& peer : connected_peers(lab, vnet)) {
    count += lab.virtual_networks.at(peer).address_prefixes.size();
  }
  for (const std::string& gateway : lab::gateways_of(lab, vnet)) {
    count += lab::routes_of(lab, gateway).size();
  }
  return count;
}

// What the rules of one subnet name, before anything is expanded.
class RangeCounter {
 public:
  explicit RangeCounter(const lab::Lab& lab) : lab_(lab) {
    for (const auto& [name, host] : lab.hosts) {
      for (const std::string& group : host.application_security_groups) ++members_[group];
    }
  }

  uint64_t ranges(const lab::SubnetRef& ref, const lab::Subnet& subnet,
                  const lab::NetworkSecurityGroup& group) {
    const uint64_t network = network_prefixes(lab_, ref.vnet) + routed_ranges(subnet);
    uint64_t count = network;  // the default rules
    for (const auto& [name, rule] : group.security_rules) {
      count += ranges(rule.source, network) + ranges(rule.destination, network);
    }
    return count;
  }

  uint64_t ranges(const lab::Host& firewall) {
    const lab::SubnetRef& ref = *firewall.subnet;
    const uint64_t network = network_prefixes(lab_, ref.vnet) + routed_ranges(*lab_.find(ref));
    uint64_t count = 0;
    for (const auto& [name, rule] : firewall.network_rules) {
      count += ranges(rule.source_addresses, network) +
               ranges(rule.destination_addresses, network) + rule.destination_fqdns.size();
    }
    return count;
  }

 private:
  // VirtualNetwork comprises what user routes lead to.
  uint64_t routed_ranges(const lab::Subnet& subnet) {
    if (!subnet.route_table) return 0;
    const auto table = lab_.route_tables.find(*subnet.route_table);
    if (table == lab_.route_tables.end()) return 0;
    uint64_t count = 0;
    for (const auto& [name, route] : table->second.routes) {
      count += route.address_prefix ? 1 : ranges_of_tag(route.service_tag);
    }
    return count;
  }

  uint64_t ranges_of_tag(const std::string& tag) {
    const auto [entry, added] = tags_.try_emplace(tag, 0);
    if (added) entry->second = service_tag(lab_, tag)->intervals().size();
    return entry->second;
  }

  uint64_t ranges_of_tag(const std::string& tag, uint64_t network) {
    if (tag == kVirtualNetworkTag || tag == kInternetTag) return network + kBuiltInRanges;
    return ranges_of_tag(tag);
  }

  uint64_t ranges(const lab::FirewallAddresses& addresses, uint64_t network) {
    uint64_t count = addresses.ranges.size();
    for (const std::string& tag : addresses.service_tags) count += ranges_of_tag(tag, network);
    return count;
  }

  uint64_t ranges(const lab::AddressMatch& match, uint64_t network) {
    if (!match.service_tag.empty()) return ranges_of_tag(match.service_tag, network);
    uint64_t count = match.prefixes.size();
    for (const std::string& group : match.application_security_groups) {
      const auto members = members_.find(group);
      if (members != members_.end()) count += members->second;
    }
    return count;
  }

  const lab::Lab& lab_;
  std::map<std::string, uint64_t> members_{};
  std::map<std::string, uint64_t> tags_{};
};

// What a class of addresses can come to, as sums over the rules that it meets.
struct Load {
  uint64_t second_bounds = 0;  // where ranges of the other side begin or end
  uint64_t second_rules = 0;   // rules that name some
  uint64_t source_bounds = 0;  // source ports likewise
  uint64_t source_rules = 0;
  uint64_t port_bounds = 0;

  void change(const Load& by, bool added) {
    const auto one = [&](uint64_t& sum, uint64_t part) { sum = added ? sum + part : sum - part; };
    one(second_bounds, by.second_bounds);
    one(second_rules, by.second_rules);
    one(source_bounds, by.source_bounds);
    one(source_rules, by.source_rules);
    one(port_bounds, by.port_bounds);
  }

  uint64_t rows() const {
    const uint64_t seconds = classes(second_bounds, second_rules);
    const uint64_t sources = product(seconds, classes(source_bounds, source_rules));
    return 1 + second_bounds + product(seconds, 1 + source_bounds) +
           product(sources, 1 + port_bounds);
  }

 private:
  // As many as there are segments, or sets of the rules that make them.
  static uint64_t classes(uint64_t bounds, uint64_t rules) {
    constexpr uint64_t kFewRules = 20;
    return rules < kFewRules ? std::min(1 + bounds, uint64_t{1} << rules) : 1 + bounds;
  }
};

template <typename Set>
uint64_t bounds_of(const Set& set) {
  return set.is_all() ? 0 : 2 * set.intervals().size();
}

Load load_of(const EffectiveRule& rule, lab::Direction direction) {
  const AddressSet& second =
      direction == lab::Direction::kOutbound ? *rule.sources : *rule.destinations;
  return {.second_bounds = bounds_of(second),
          .second_rules = second.is_all() ? 0U : 1U,
          .source_bounds = bounds_of(rule.rule.source_ports),
          .source_rules = rule.rule.source_ports.is_all() ? 0U : 1U,
          .port_bounds = bounds_of(rule.rule.destination_ports)};
}

// What all rules come to that name the same addresses, as many may name one service tag.
struct Group {
  Load load{};
  uint64_t mark = 0;  // the sum of the rules'
};
using Groups = std::map<const AddressSet*, Group>;

// A number that stands for the rule in the sum that stands for a set of rules.
uint64_t mark_of(size_t rule) {
  return scattered((rule + 1) * kGoldenRatio);
}

Groups groups_of(const std::vector<EffectiveRule>& rules, lab::Direction direction) {
  Groups groups;
  for (size_t i = 0; i < rules.size(); ++i) {
    const AddressSet& first =
        direction == lab::Direction::kOutbound ? *rules[i].destinations : *rules[i].sources;
    Group& group = groups[&first];
    group.load.change(load_of(rules[i], direction), true);
    group.mark += mark_of(i);
  }
  return groups;
}

struct Bound {
  uint64_t at = 0;
  const Group* group = nullptr;
  bool begins = false;
};

std::vector<Bound> bounds_of(const Groups& groups) {
  std::vector<Bound> bounds;
  for (const auto& [addresses, group] : groups) {
    for (const auto& range : addresses->intervals()) {
      bounds.push_back({range.first, &group, true});
      bounds.push_back({uint64_t{range.last} + 1, &group, false});
    }
  }
  std::sort(bounds.begin(), bounds.end(),
            [](const Bound& a, const Bound& b) { return a.at < b.at; });
  return bounds;
}

uint64_t rows_of(const std::vector<EffectiveRule>& rules, lab::Direction direction, uint64_t most) {
  std::unordered_set<uint64_t> known;
  Load met;
  uint64_t set = 0;
  uint64_t rows = 0;
  const Groups groups = groups_of(rules, direction);
  const std::vector<Bound> bounds = bounds_of(groups);
  for (size_t i = 0; i < bounds.size() && rows <= most; ++i) {
    const Bound& bound = bounds[i];
    met.change(bound.group->load, bound.begins);
    set = bound.begins ? set + bound.group->mark : set - bound.group->mark;
    const bool segment_follows = i + 1 == bounds.size() || bounds[i + 1].at != bound.at;
    if (segment_follows && known.insert(set).second) rows += met.rows();
  }
  return rows;
}

using Machines = std::set<std::pair<std::string, Ipv4Address>>;  // by VNet

// Of load balancers, which have machines for what comes to them as next hops.
Machines leading_frontends(const lab::Lab& lab) {
  Machines leading;
  for (const auto& [name, balancer] : lab.load_balancers) {
    for (const auto& [rule_name, rule] : balancer.load_balancing_rules) {
      const auto& pool = balancer.backend_address_pools.at(rule.backend_address_pool);
      if (!rule.for_all_ports() || pool.backend_ip_configurations.empty()) continue;
      const auto& frontend = balancer.frontend_ip_configurations.at(rule.frontend_ip_configuration);
      leading.emplace(frontend.subnet.vnet, frontend.private_ip_address);
    }
  }
  return leading;
}

// Appliances in peers that some route of the network leads to, and frontends, also its own.
uint64_t transits(const lab::Lab& lab, const std::string& name, const Machines& machines,
                  const Machines& frontends) {
  std::set<Ipv4Address> next_hops;
  for (const auto& [subnet_name, subnet] : lab.virtual_networks.at(name).subnets) {
    if (!subnet.route_table) continue;
    for (const auto& [route_name, route] : lab.route_tables.at(*subnet.route_table).routes) {
      if (route.next_hop_ip_address) next_hops.insert(*route.next_hop_ip_address);
    }
  }
  uint64_t count = 0;
  const std::vector<std::string> peers = connected_peers(lab, name);
  for (const Ipv4Address address : next_hops) {
    if (frontends.count({name, address}) != 0) ++count;
    if (frontends.count({name, address}) + machines.count({name, address}) != 0) continue;
    for (const std::string& peer : peers) {
      if (frontends.count({peer, address}) + machines.count({peer, address}) == 0) continue;
      ++count;
      break;
    }
  }
  return count;
}

// A subnet, or a machine in it, that names a security group.
struct ListOwner {
  lab::SubnetRef subnet{};
  std::string group{};
  const lab::Host* host = nullptr;
};

std::vector<ListOwner> list_owners(const lab::Lab& lab) {
  std::vector<ListOwner> owners;
  for (const auto& [vnet_name, vnet] : lab.virtual_networks) {
    for (const auto& [name, subnet] : vnet.subnets) {
      if (!subnet.network_security_group) continue;
      owners.push_back({{vnet_name, name}, *subnet.network_security_group});
    }
  }
  for (const auto& [name, host] : lab.hosts) {
    if (!host.network_security_group || !host.subnet) continue;
    if (lab.find(*host.subnet) == nullptr) continue;
    owners.push_back({*host.subnet, *host.network_security_group, &host});
  }
  return owners;
}

}  // namespace

std::map<std::string, uint64_t> estimate_gates(const lab::Lab& lab, uint64_t most) {
  RangeCounter counter(lab);
  std::map<std::string, uint64_t> rows;
  uint64_t total = 0;
  const auto add = [&](const std::string& group, uint64_t count) {
    rows[group] += count;
    total += count;
  };
  std::vector<ListOwner> owners;
  for (const ListOwner& owner : list_owners(lab)) {
    const auto group = lab.network_security_groups.find(owner.group);
    if (group == lab.network_security_groups.end()) continue;
    owners.push_back(owner);
    add(group->first, counter.ranges(owner.subnet, *lab.find(owner.subnet), group->second));
  }
  SecurityLists lists(lab);
  std::map<SecurityList, uint64_t> known;
  for (const ListOwner& owner : owners) {
    for (const lab::Direction direction : {lab::Direction::kOutbound, lab::Direction::kInbound}) {
      if (total > most) return rows;
      const SecurityList list = owner.host == nullptr ? *lists.list_of(owner.subnet, direction)
                                                      : *lists.list_of(*owner.host, direction);
      const auto [entry, added] = known.try_emplace(list);
      if (added) entry->second = rows_of(lists.expand(list), direction, most);
      add(list.group, entry->second);
    }
  }
  return rows;
}

std::map<std::string, uint64_t> estimate_firewalls(const lab::Lab& lab, uint64_t most) {
  RangeCounter counter(lab);
  std::map<std::string, uint64_t> rows;
  uint64_t total = 0;
  for (const auto& [name, host] : lab.hosts) {
    if (!host.network_rules.empty()) total += rows[name] = counter.ranges(host);
  }
  for (auto& [name, count] : rows) {
    if (total > most) return rows;
    const auto nobody = [](const std::string& /*fqdn*/) { return std::vector<Ipv4Address>(); };
    const uint64_t more =
        rows_of(network_rules_of(lab, name, nobody), lab::Direction::kOutbound, most);
    count += more;
    total += more;
  }
  return rows;
}

std::map<std::string, VnetEstimate> estimate_vnets(const lab::Lab& lab) {
  Machines machines;
  for (const auto& [name, host] : lab.hosts) {
    if (host.subnet) machines.emplace(host.subnet->vnet, host.ip_address);
  }
  const Machines frontends = leading_frontends(lab);
  std::map<std::string, VnetEstimate> estimates;
  for (const auto& [name, vnet] : lab.virtual_networks) {
    VnetEstimate& estimate = estimates[name];
    estimate.prefixes = network_prefixes(lab, name);
    estimate.transits = transits(lab, name, machines, frontends);
    for (const std::string& gateway : lab::gateways_of(lab, name)) {
      const bool peers = lab.virtual_network_gateways.at(gateway).virtual_network != name;
      if (peers && !lab::routes_of(lab, gateway).empty()) ++estimate.transits;
    }
    for (const std::string& peer : connected_peers(lab, name)) estimate.peerings += name < peer;
  }
  return estimates;
}

}  // namespace egress::policy
