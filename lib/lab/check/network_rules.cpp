// SPDX-License-Identifier: MIT

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "lab/check/checks.hpp"
#include "lab/limits.hpp"

namespace egress::lab {
namespace {

void need_forwarding(const std::string& path, const Host& host, Checks& checks) {
  if (!host.subnet || host.enable_ip_forwarding) return;  // others are refused it anyway
  const auto refuse = [&](bool present, const char* key) {
    if (!present) return;
    checks.error(fmt::format("{}.{}", path, key), "needs-forwarding",
                 fmt::format("'{}' is of a firewall, and the host does not forward", key),
                 "write 'enableIPForwarding: true'", {path + ".enableIPForwarding"});
  };
  refuse(host.stateful, "stateful");
  refuse(!host.network_rules.empty(), "networkRules");
}

void check_rule(const std::string& path, const NetworkRule& rule, Checks& checks) {
  if (rule.priority < kMinNetworkRulePriority || rule.priority > kMaxNetworkRulePriority) {
    checks.error(path + ".priority", "priority-range",
                 fmt::format("priority {} is not from {} to {}", rule.priority,
                             kMinNetworkRulePriority, kMaxNetworkRulePriority));
  }
  const auto& protocols = rule.ip_protocols;
  const bool icmp =
      std::find(protocols.begin(), protocols.end(), NetworkRuleProtocol::kIcmp) != protocols.end();
  if (!icmp || rule.destination_ports.is_all() || rule.destination_ports.empty()) return;
  checks.error(path + ".destinationPorts", "protocol-without-ports", "ICMP has no ports",
               "write [\"*\"], or give ICMP a rule of its own", {path + ".ipProtocols"});
}

}  // namespace

void check_network_rules(const std::string& path, const Host& host, Checks& checks) {
  need_forwarding(path, host, checks);
  const std::string rules = path + ".networkRules";
  std::map<int, std::string> priorities;
  for (const auto& [name, rule] : host.network_rules) {
    const std::string at = rules + "." + name;
    check_rule(at, rule, checks);
    if (equal_ignoring_case(name, kDenyAll)) {
      checks.error_in_name(at, fmt::format("'{}' is what denies the rest", kDenyAll));
    }
    const auto [first, fresh] = priorities.emplace(rule.priority, name);
    if (fresh) continue;
    checks.error(
        at + ".priority", "priority-duplicate",
        fmt::format("network rule '{}' has priority {} already", first->second, rule.priority), {},
        {fmt::format("{}.{}.priority", rules, first->second)});
  }
  checks.limit(rules, host.network_rules.size(), kMaxNetworkRules, "rules of one firewall");
}

}  // namespace egress::lab
