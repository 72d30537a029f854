// SPDX-License-Identifier: MIT
#include "tests/unit/policy/policy_test.hpp"

#include <fmt/format.h>

#include "lab/flow_url.hpp"

namespace egress::policy::test {
namespace {

struct Pair {
  std::string first{};
  std::string second{};
};
Pair split(const std::string& text) {
  const size_t slash = text.find('/');
  return {text.substr(0, slash), text.substr(slash + 1)};
}

bool is_prefix(const std::string& text) {
  return text.find_first_not_of("0123456789./") == std::string::npos;
}

lab::AddressMatch match(const std::string& text) {
  lab::AddressMatch result;
  if (text == "*") {
    result.any = true;
  } else if (is_prefix(text)) {
    result.prefixes.push_back(prefix(text));
  } else if (text.rfind("asg:", 0) == 0) {
    result.application_security_groups.push_back(text.substr(4));
  } else {
    result.service_tag = text;
  }
  return result;
}

PortSet ports(const std::string& text) {
  if (text == "*") return PortSet::all();
  const size_t dash = text.find('-');
  const auto first = static_cast<uint16_t>(std::stoi(text.substr(0, dash)));
  const auto last =
      dash == std::string::npos ? first : static_cast<uint16_t>(std::stoi(text.substr(dash + 1)));
  return PortSet({{first, last}});
}

lab::SecurityRuleProtocol protocol(const std::string& text) {
  for (const auto each : {lab::SecurityRuleProtocol::kTcp, lab::SecurityRuleProtocol::kUdp,
                          lab::SecurityRuleProtocol::kIcmp, lab::SecurityRuleProtocol::kEsp,
                          lab::SecurityRuleProtocol::kAh}) {
    if (text == lab::name_of(each)) return each;
  }
  return lab::SecurityRuleProtocol::kAny;
}

void add_rule(lab::Lab& lab, const std::string& group_and_name, lab::SecurityRule rule) {
  const auto [group, name] = split(group_and_name);
  lab.network_security_groups[group].security_rules[name] = std::move(rule);
}

}  // namespace

lab::Subnet& subnet(lab::Lab& lab, const std::string& ref) {
  const auto [vnet, name] = split(ref);
  return lab.virtual_networks.at(vnet).subnets.at(name);
}

lab::VirtualNetworkPeering& peering(lab::Lab& lab, const std::string& at,
                                    const std::string& remote) {
  return lab.virtual_networks.at(at).virtual_network_peerings[remote];
}

lab::SecurityRule make_rule(int priority, lab::Direction direction, lab::Access access,
                            const RuleText& text) {
  return {.priority = priority,
          .direction = direction,
          .access = access,
          .protocol = protocol(text.protocol),
          .source = match(text.source),
          .destination = match(text.destination),
          .source_ports = ports(text.source_ports),
          .destination_ports = ports(text.destination_ports)};
}

void allow(lab::Lab& lab, const std::string& group_and_name, int priority, lab::Direction direction,
           const RuleText& text) {
  add_rule(lab, group_and_name, make_rule(priority, direction, lab::Access::kAllow, text));
}

void deny(lab::Lab& lab, const std::string& group_and_name, int priority, lab::Direction direction,
          const RuleText& text) {
  add_rule(lab, group_and_name, make_rule(priority, direction, lab::Access::kDeny, text));
}

void route(lab::Lab& lab, const std::string& table_and_name, const std::string& to,
           const std::string& next_hop) {
  const auto [table, name] = split(table_and_name);
  lab::Route& added = lab.route_tables[table].routes[name];
  if (is_prefix(to)) {
    added.address_prefix = prefix(to);
  } else {
    added.service_tag = to;
  }
  for (const auto type : {lab::NextHopType::kVirtualNetworkGateway, lab::NextHopType::kVnetLocal,
                          lab::NextHopType::kInternet, lab::NextHopType::kNone}) {
    if (next_hop != lab::name_of(type)) continue;
    added.next_hop_type = type;
    return;
  }
  added.next_hop_type = lab::NextHopType::kVirtualAppliance;
  added.next_hop_ip_address = ip(next_hop);
}

Explanation explain(const lab::Lab& lab, const std::string& site, const std::string& url) {
  return policy::explain(*network_of(lab), {site, 0}, lab::parse_flow_target(url).value(),
                         Flow{}.source_port)
      .value();
}

std::string decision(const Explanation& explanation) {
  return fmt::format("{} by {} {}", lab::name_of(explanation.verdict),
                     name_of(explanation.decided_by.stage), explanation.decided_by.name);
}

std::vector<std::string> stages(const Explanation& explanation) {
  std::vector<std::string> texts;
  for (const Step& step : explanation.steps) {
    texts.push_back(fmt::format("{} {} {}", name_of(step.stage), step.where, step.result));
  }
  return texts;
}

}  // namespace egress::policy::test
