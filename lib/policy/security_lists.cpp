// SPDX-License-Identifier: MIT
#include "policy/security_lists.hpp"

#include <algorithm>

#include "policy/tags.hpp"

namespace egress::policy {
namespace {

struct DefaultRule {
  const char* name;
  int priority;
  const char* source;  // a tag, or "*"
  const char* destination;
  lab::Access access;
};
constexpr DefaultRule kDefaultInbound[] = {
    {"AllowVnetInBound", 65000, kVirtualNetworkTag, kVirtualNetworkTag, lab::Access::kAllow},
    {"AllowAzureLoadBalancerInBound", 65001, "AzureLoadBalancer", "*", lab::Access::kAllow},
    {"DenyAllInBound", 65500, "*", "*", lab::Access::kDeny}};
constexpr DefaultRule kDefaultOutbound[] = {
    {"AllowVnetOutBound", 65000, kVirtualNetworkTag, kVirtualNetworkTag, lab::Access::kAllow},
    {"AllowInternetOutBound", 65001, "*", kInternetTag, lab::Access::kAllow},
    {"DenyAllOutBound", 65500, "*", "*", lab::Access::kDeny}};

lab::AddressMatch match_of(const std::string& text) {
  lab::AddressMatch match;
  if (text == "*") {
    match.any = true;
  } else {
    match.service_tag = text;
  }
  return match;
}

lab::SecurityRule declared(const DefaultRule& rule, lab::Direction direction) {
  return {.priority = rule.priority,
          .direction = direction,
          .access = rule.access,
          .protocol = lab::SecurityRuleProtocol::kAny,
          .source = match_of(rule.source),
          .destination = match_of(rule.destination),
          .source_ports = PortSet::all(),
          .destination_ports = PortSet::all()};
}

// The machines that rules can name by their groups.
std::vector<std::pair<Ipv4Address, std::vector<std::string>>> grouped_hosts(const lab::Lab& lab) {
  std::vector<std::pair<Ipv4Address, std::vector<std::string>>> grouped;
  for (const auto& [name, host] : lab.hosts) {
    if (host.application_security_groups.empty()) continue;
    grouped.emplace_back(host.ip_address, host.application_security_groups);
  }
  return grouped;
}

// What `known` has for `key`, made the first time.
template <typename Key, typename Make>
const SharedAddresses& once(std::map<Key, SharedAddresses>& known, const Key& key, Make make) {
  auto entry = known.find(key);
  if (entry == known.end()) entry = known.emplace(key, make()).first;
  return entry->second;
}

}  // namespace

std::optional<SecurityList> SecurityLists::list_of(const lab::SubnetRef& subnet,
                                                   lab::Direction direction) {
  const lab::Subnet* declared = lab_.find(subnet);
  if (declared == nullptr) return std::nullopt;
  return list_in(subnet, declared->network_security_group, direction);
}

std::optional<SecurityList> SecurityLists::list_of(const lab::Host& host,
                                                   lab::Direction direction) {
  if (!host.subnet || lab_.find(*host.subnet) == nullptr) return std::nullopt;
  return list_in(*host.subnet, host.network_security_group, direction);
}

std::optional<SecurityList> SecurityLists::list_in(const lab::SubnetRef& subnet,
                                                   const std::optional<std::string>& group,
                                                   lab::Direction direction) {
  if (!group || !lab_.network_security_groups.contains(*group)) return std::nullopt;
  const Space& space = space_of(subnet.vnet, *lab_.find(subnet));
  return SecurityList{*group, direction, space.virtual_network, space.not_internet};
}

std::vector<EffectiveRule> SecurityLists::expand(const SecurityList& list) {
  std::vector<EffectiveRule> rules;
  const auto add = [&](const std::string& name, const lab::SecurityRule& rule) {
    rules.push_back({.name = list.group + "/" + name,
                     .rule = rule,
                     .sources = expand(list, rule.source),
                     .destinations = expand(list, rule.destination)});
  };
  for (const auto& [name, rule] : lab_.network_security_groups.at(list.group).security_rules) {
    if (rule.direction == list.direction) add(name, rule);
  }
  std::stable_sort(rules.begin(), rules.end(), [](const EffectiveRule& a, const EffectiveRule& b) {
    return a.rule.priority < b.rule.priority;
  });
  for (const DefaultRule& rule :
       list.direction == lab::Direction::kInbound ? kDefaultInbound : kDefaultOutbound) {
    add(rule.name, declared(rule, list.direction));
  }
  return rules;
}

std::vector<EffectiveRule> SecurityLists::platform_rules(const SecurityList& list) {
  const auto& declared_rules = lab_.network_security_groups.at(list.group).security_rules;
  const bool any = std::any_of(declared_rules.begin(), declared_rules.end(), [&](const auto& each) {
    return each.second.direction == list.direction &&
           is_platform_tag(each.second.destination.service_tag);
  });
  if (!any) return {};
  std::vector<EffectiveRule> rules = expand(list);
  rules.erase(std::remove_if(rules.begin(), rules.end(),
                             [](const EffectiveRule& each) {
                               return !is_platform_tag(each.rule.destination.service_tag);
                             }),
              rules.end());
  const DefaultRule rest{"platform", 0, "*", "*", lab::Access::kAllow};
  rules.push_back({.name = rest.name,
                   .rule = declared(rest, list.direction),
                   .sources = everything_,
                   .destinations = everything_});
  return rules;
}

const SecurityLists::Space& SecurityLists::space_of(const std::string& vnet,
                                                    const lab::Subnet& subnet) {
  const auto [known, added] = spaces_.try_emplace({vnet, subnet.route_table});
  if (!added) return known->second;
  const SharedAddresses near = virtual_network_tag(lab_, vnet, subnet.route_table);
  const AddressSet far = on_premises_of(lab_, vnet, learned_);
  known->second = {far.empty() ? near : SharedAddresses(near->united(far)), near};
  return known->second;
}

SharedAddresses SecurityLists::expand(const SecurityList& list, const lab::AddressMatch& match) {
  if (match.any) return everything_;
  if (match.service_tag == kVirtualNetworkTag) return list.virtual_network;
  if (match.service_tag == kInternetTag) {
    return once(internets_, list.not_internet, [&] { return internet_tag(*list.not_internet); });
  }
  if (!match.service_tag.empty()) {
    return once(tags_, match.service_tag, [&] { return service_tag(lab_, match.service_tag); });
  }
  if (match.application_security_groups.empty()) return address_set(match.prefixes);
  return once(members_, match.application_security_groups,
              [&] { return members(match.application_security_groups); });
}

AddressSet SecurityLists::members(const std::vector<std::string>& groups) const {
  std::vector<Ipv4Prefix> addresses;
  for (const auto& [name, host] : lab_.hosts) {
    const std::vector<std::string>& its = host.application_security_groups;
    const bool belongs =
        std::find_first_of(its.begin(), its.end(), groups.begin(), groups.end()) != its.end();
    if (belongs) addresses.push_back(Ipv4Prefix::host(host.ip_address));
  }
  return address_set(addresses);
}

bool same_meanings(const lab::Lab& a, const lab::Lab& b) {
  return lab::same_service_tags(a, b) && grouped_hosts(a) == grouped_hosts(b) &&
         own_tagged_addresses(a) == own_tagged_addresses(b);
}

}  // namespace egress::policy
