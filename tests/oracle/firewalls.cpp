// SPDX-License-Identifier: MIT
#include "tests/oracle/firewalls.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "lab/known_names.hpp"

namespace egress::oracle {
namespace {

using Protocol = lab::NetworkRuleProtocol;

// Prefixes and machines of the lab, whose edges rules stand at.
std::vector<Interval<uint32_t>> ranges_in(const lab::Lab& lab) {
  std::vector<Interval<uint32_t>> ranges;
  const auto add = [&](const Ipv4Prefix& prefix) {
    ranges.push_back({prefix.first().bits, prefix.last().bits});
  };
  for (const auto& [vnet_name, vnet] : lab.virtual_networks) {
    for (const Ipv4Prefix& prefix : vnet.address_prefixes) add(prefix);
    for (const auto& [name, subnet] : vnet.subnets) add(subnet.address_prefixes.front());
  }
  for (const auto& [name, host] : lab.hosts) add(Ipv4Prefix::host(host.ip_address));
  return ranges;
}

class Rules {
 public:
  Rules(const lab::Lab& lab, Random& random) : random_(random), ranges_(ranges_in(lab)) {
    for (const std::string& name : lab::known_names(lab)) {
      const bool full = name.find('.') != std::string::npos && name.find('*') == std::string::npos;
      if (full) names_.push_back(name);
    }
  }

  lab::Named<lab::NetworkRule> draw() {
    lab::Named<lab::NetworkRule> rules;
    const uint32_t count = 1 + random_.below(4);
    for (uint32_t i = 0; i < count; ++i) rules[fmt::format("rule{}", i)] = rule(i);
    if (random_.chance(60)) rules["rest"] = rest();
    return rules;
  }

 private:
  // Most labs are to let something through.
  lab::NetworkRule rest() {
    return {.priority = 65000,
            .action = lab::Access::kAllow,
            .ip_protocols = {Protocol::kAny},
            .source_addresses = {.any = true},
            .destination_addresses = {.any = true},
            .destination_ports = PortSet::all()};
  }

  lab::NetworkRule rule(uint32_t number) {
    lab::NetworkRule drawn{.priority = static_cast<int>(100 + 10 * random_.below(50) + number),
                           .action = random_.chance(60) ? lab::Access::kAllow : lab::Access::kDeny,
                           .ip_protocols = protocols(),
                           .source_addresses = addresses()};
    if (!names_.empty() && random_.chance(25)) {
      drawn.destination_fqdns = {random_.pick(names_)};
    } else {
      drawn.destination_addresses = addresses();
    }
    const bool icmp = std::find(drawn.ip_protocols.begin(), drawn.ip_protocols.end(),
                                Protocol::kIcmp) != drawn.ip_protocols.end();
    drawn.destination_ports = icmp || random_.chance(40) ? PortSet::all() : ports();
    return drawn;
  }

  std::vector<Protocol> protocols() {
    static const std::vector<std::vector<Protocol>> kSome = {
        {Protocol::kTcp},  {Protocol::kTcp}, {Protocol::kTcp, Protocol::kUdp}, {Protocol::kUdp},
        {Protocol::kIcmp}, {Protocol::kAny}, {Protocol::kUdp, Protocol::kIcmp}};
    return random_.pick(kSome);
  }

  lab::FirewallAddresses addresses() {
    static const std::vector<std::string> kTags = {"VirtualNetwork", "Internet", "Storage", "Sql"};
    const uint32_t kind = random_.below(100);
    if (kind < 35) return {.any = true};
    if (kind < 55) return {.service_tags = {random_.pick(kTags)}};
    lab::FirewallAddresses some{.ranges = {random_.pick(ranges_)}};
    if (kind < 70) some.ranges.push_back(random_.pick(ranges_));
    if (kind < 75) some.service_tags.push_back(random_.pick(kTags));
    Interval<uint32_t>& range = some.ranges.front();
    if (kind >= 85 && range.last - range.first > 8) {
      range = {range.first + random_.below(6), range.last - random_.below(3)};
    }
    return some;
  }

  PortSet ports() {
    static const std::vector<uint16_t> kPorts = {443, 443, 53, 80, 1433, 65535};
    std::vector<Interval<uint16_t>> ranges;
    for (uint32_t i = 0; i < 1 + random_.below(2); ++i) {
      const uint16_t port = random_.pick(kPorts);
      ranges.push_back({static_cast<uint16_t>(port - random_.below(3)), port});
    }
    return PortSet(std::move(ranges));
  }

  Random& random_;
  std::vector<Interval<uint32_t>> ranges_;
  std::vector<std::string> names_{};
};

void draw(const lab::Lab& lab, lab::Host& host, Random& random) {
  const uint32_t kind = random.below(100);
  host.stateful = kind < 35;
  host.network_rules.clear();
  if (kind >= 25 && kind < 60) host.network_rules = Rules(lab, random).draw();
}

}  // namespace

void add_firewalls(lab::Lab& lab, Random& random) {
  if (random.chance(50)) return;
  for (auto& [name, host] : lab.hosts) {
    if (host.enable_ip_forwarding) draw(lab, host, random);
  }
}

void change_firewalls(lab::Lab& lab, Random& random) {
  for (auto& [name, host] : lab.hosts) {
    if (!host.enable_ip_forwarding) {
      host.stateful = false;
      host.network_rules.clear();
    } else if (random.chance(40)) {
      draw(lab, host, random);
    }
  }
}

std::set<std::string> firewall_features(const lab::Lab& lab) {
  std::set<std::string> found;
  const auto side = [&](const std::string& name, const lab::FirewallAddresses& addresses) {
    if (addresses.any) found.insert("network rule, any " + name);
    if (!addresses.ranges.empty()) found.insert("network rule, ranges of " + name);
    if (!addresses.service_tags.empty()) found.insert("network rule, tag of " + name);
  };
  for (const auto& [host_name, host] : lab.hosts) {
    if (host.stateful) found.insert("stateful appliance");
    if (!host.network_rules.empty()) {
      found.insert(fmt::format("firewall that masquerades {}", host.masquerade.has_value()));
    }
    for (const auto& [name, rule] : host.network_rules) {
      found.insert(fmt::format("network rule {}", lab::name_of(rule.action)));
      if (rule.ip_protocols.size() > 1) found.insert("network rule of two protocols");
      for (const Protocol each : rule.ip_protocols) {
        found.insert(fmt::format("network rule {}", lab::name_of(each)));
      }
      side("sources", rule.source_addresses);
      side("destinations", rule.destination_addresses);
      if (!rule.destination_fqdns.empty()) found.insert("network rule with a name");
      if (!rule.destination_ports.is_all()) found.insert("network rule with ports");
    }
  }
  return found;
}

std::set<std::string> answer_features(const policy::Explanation& explained) {
  std::set<std::string> found;
  const auto let_pass = [](const policy::Step& step) {
    return step.stage == policy::Stage::kFirewall &&
           step.result == lab::name_of(lab::Access::kAllow);
  };
  if (std::any_of(explained.steps.begin(), explained.steps.end(), let_pass)) {
    found.insert("let pass by a network rule");
  }
  if (!explained.reply) return found;
  const policy::Reply& reply = *explained.reply;
  found.insert(fmt::format("reply {}", lab::name_of(reply.verdict)));
  if (std::any_of(reply.steps.begin(), reply.steps.end(), let_pass)) {
    found.insert("answer let pass by a network rule");
  }
  if (reply.steps.empty() || reply.steps.back().stage != policy::Stage::kFirewall) return found;
  found.insert(reply.half_open ? "connection that a firewall ends"
                               : fmt::format("answer that a firewall does not know, {}",
                                             lab::name_of(reply.verdict)));
  return found;
}

}  // namespace egress::oracle
