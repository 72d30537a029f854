// SPDX-License-Identifier: MIT
#include "policy/effective_rules.hpp"

#include <algorithm>
#include <map>

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
    {"AllowVnetInBound", 65000, "VirtualNetwork", "VirtualNetwork", lab::Access::kAllow},
    {"AllowAzureLoadBalancerInBound", 65001, "AzureLoadBalancer", "*", lab::Access::kAllow},
    {"DenyAllInBound", 65500, "*", "*", lab::Access::kDeny}};
constexpr DefaultRule kDefaultOutbound[] = {
    {"AllowVnetOutBound", 65000, "VirtualNetwork", "VirtualNetwork", lab::Access::kAllow},
    {"AllowInternetOutBound", 65001, "*", "Internet", lab::Access::kAllow},
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

AddressSet members(const lab::Lab& lab, const std::vector<std::string>& groups) {
  std::vector<Ipv4Prefix> addresses;
  for (const auto& [name, host] : lab.hosts) {
    const std::vector<std::string>& its = host.application_security_groups;
    const bool belongs =
        std::find_first_of(its.begin(), its.end(), groups.begin(), groups.end()) != its.end();
    if (belongs) addresses.push_back(Ipv4Prefix::host(host.ip_address));
  }
  return address_set(addresses);
}

// Expands the address conditions of one subnet's rules; a tag that many rules name is
// expanded once.
class Expander {
 public:
  Expander(const lab::Lab& lab, const lab::SubnetRef& subnet) : lab_(lab), subnet_(subnet) {}

  AddressSet expand(const lab::AddressMatch& match) {
    if (match.any) return AddressSet::all();
    if (!match.service_tag.empty()) return tag(match.service_tag);
    if (!match.application_security_groups.empty()) {
      return members(lab_, match.application_security_groups);
    }
    return address_set(match.prefixes);
  }

 private:
  const AddressSet& tag(const std::string& name) {
    const auto known = tags_.find(name);
    if (known != tags_.end()) return known->second;
    return tags_.emplace(name, tag_addresses(lab_, subnet_, name)).first->second;
  }

  const lab::Lab& lab_;
  const lab::SubnetRef& subnet_;
  std::map<std::string, AddressSet> tags_{};
};

bool is_ported(uint8_t protocol) {
  return protocol == 6 || protocol == 17;
}

// Rules for protocols without ports ignore theirs; "*" rules reach such protocols only when they
// ask for no port (contract "Decided" 11).
bool matches_protocol(const lab::SecurityRule& rule, uint8_t protocol) {
  switch (rule.protocol) {
    case lab::SecurityRuleProtocol::kAny:
      return is_ported(protocol) || (rule.source_ports.is_all() && rule.destination_ports.is_all());
    case lab::SecurityRuleProtocol::kTcp: return protocol == 6;
    case lab::SecurityRuleProtocol::kUdp: return protocol == 17;
    case lab::SecurityRuleProtocol::kIcmp: return protocol == 1;
    case lab::SecurityRuleProtocol::kEsp: return protocol == 50;
    case lab::SecurityRuleProtocol::kAh: return protocol == 51;
  }
  return false;
}

}  // namespace

std::vector<EffectiveRule> effective_rules(const lab::Lab& lab, const lab::SubnetRef& subnet,
                                           lab::Direction direction) {
  std::vector<EffectiveRule> rules;
  const lab::Subnet* place = lab.find(subnet);
  if (place == nullptr || !place->network_security_group) return rules;
  const std::string& group_name = *place->network_security_group;
  const auto group = lab.network_security_groups.find(group_name);
  if (group == lab.network_security_groups.end()) return rules;

  Expander expander(lab, subnet);
  const auto add = [&](const std::string& name, bool is_default, const lab::SecurityRule& rule) {
    rules.push_back({.name = group_name + "/" + name,
                     .is_default = is_default,
                     .rule = rule,
                     .sources = expander.expand(rule.source),
                     .destinations = expander.expand(rule.destination)});
  };
  for (const auto& [name, rule] : group->second.security_rules) {
    if (rule.direction == direction) add(name, false, rule);
  }
  std::stable_sort(rules.begin(), rules.end(), [](const EffectiveRule& a, const EffectiveRule& b) {
    return a.rule.priority < b.rule.priority;
  });
  for (const DefaultRule& rule :
       direction == lab::Direction::kInbound ? kDefaultInbound : kDefaultOutbound) {
    add(rule.name, true, declared(rule, direction));
  }
  return rules;
}

bool matches(const EffectiveRule& rule, const Packet& packet) {
  if (!matches_protocol(rule.rule, packet.protocol)) return false;
  if (is_ported(packet.protocol) &&
      !(rule.rule.source_ports.contains(packet.source_port) &&
        rule.rule.destination_ports.contains(packet.destination_port))) {
    return false;
  }
  return rule.sources.contains(packet.source.bits) &&
         rule.destinations.contains(packet.destination.bits);
}

const EffectiveRule* first_match(const std::vector<EffectiveRule>& rules, const Packet& packet) {
  for (const EffectiveRule& rule : rules) {
    if (matches(rule, packet)) return &rule;
  }
  return nullptr;
}

}  // namespace egress::policy
