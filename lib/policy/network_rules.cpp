// SPDX-License-Identifier: MIT
#include "policy/network_rules.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "lab/suggest.hpp"
#include "policy/resolve_name.hpp"
#include "policy/tags.hpp"

namespace egress::policy {
namespace {

using Protocol = lab::NetworkRuleProtocol;
using lab::NetworkRule;

lab::SecurityRuleProtocol as_of_lists(Protocol protocol) {
  switch (protocol) {
    case Protocol::kTcp: return lab::SecurityRuleProtocol::kTcp;
    case Protocol::kUdp: return lab::SecurityRuleProtocol::kUdp;
    case Protocol::kIcmp: return lab::SecurityRuleProtocol::kIcmp;
    case Protocol::kAny: return lab::SecurityRuleProtocol::kAny;
  }
  return lab::SecurityRuleProtocol::kAny;
}

class Expansion {
 public:
  Expansion(const lab::Lab& lab, const std::string& name, const FqdnAddresses& addresses)
      : lab_(lab), name_(name), host_(lab.hosts.at(name)), addresses_(addresses) {
    const lab::Subnet& subnet = *lab.find(*host_.subnet);
    virtual_network_ = virtual_network_tag(lab, host_.subnet->vnet, subnet.route_table);
  }

  std::vector<EffectiveRule> run() {
    std::vector<std::pair<std::string, const NetworkRule*>> declared;
    for (const auto& [name, rule] : host_.network_rules) {
      declared.emplace_back(name, &rule);
    }
    std::stable_sort(declared.begin(), declared.end(), [](const auto& a, const auto& b) {
      return a.second->priority < b.second->priority;
    });
    for (const auto& [name, rule] : declared) add(name, *rule);
    rules_.push_back({.name = name_ + "/" + lab::kDenyAll,
                      .rule = {.access = lab::Access::kDeny,
                               .source_ports = PortSet::all(),
                               .destination_ports = PortSet::all()},
                      .sources = everything_,
                      .destinations = everything_});
    return std::move(rules_);
  }

 private:
  // One for each of its protocols.
  void add(const std::string& name, const NetworkRule& rule) {
    const SharedAddresses sources = expand(rule.source_addresses);
    const SharedAddresses destinations = rule.destination_fqdns.empty()
                                             ? expand(rule.destination_addresses)
                                             : named(rule.destination_fqdns);
    for (const Protocol protocol : rule.ip_protocols) {
      rules_.push_back({.name = name_ + "/" + name,
                        .rule = {.priority = rule.priority,
                                 .access = rule.action,
                                 .protocol = as_of_lists(protocol),
                                 .source_ports = PortSet::all(),
                                 .destination_ports = rule.destination_ports},
                        .sources = sources,
                        .destinations = destinations});
    }
  }

  SharedAddresses expand(const std::string& tag) const {
    if (tag == kVirtualNetworkTag) return virtual_network_;
    if (tag == kInternetTag) return internet_tag(virtual_network_);
    return service_tag(lab_, tag);
  }

  SharedAddresses expand(const lab::FirewallAddresses& addresses) const {
    if (addresses.any) return everything_;
    const auto& tags = addresses.service_tags;
    // A published tag's set is shared as it is.
    if (addresses.ranges.empty() && tags.size() == 1) return expand(tags.front());
    AddressSet all(addresses.ranges);
    for (const std::string& tag : tags) all = all.united(*expand(tag));
    return all;
  }

  SharedAddresses named(const std::vector<std::string>& fqdns) const {
    std::vector<Ipv4Prefix> all;
    for (const std::string& name : fqdns) {
      for (const Ipv4Address address : addresses_(name)) all.push_back(Ipv4Prefix::host(address));
    }
    return address_set(all);
  }

  const lab::Lab& lab_;
  const std::string& name_;
  const lab::Host& host_;
  const FqdnAddresses& addresses_;
  AddressSet virtual_network_{};
  const SharedAddresses everything_{AddressSet::all()};
  std::vector<EffectiveRule> rules_{};
};

std::shared_ptr<const Gate> gate_of(const Network& network, Index machine) {
  const FqdnAddresses addresses = [&](const std::string& fqdn) {
    return addresses_for_machine(network, machine, fqdn);
  };
  std::vector<EffectiveRule> rules =
      network_rules_of(network.situation.lab, network.interfaces[machine].name, addresses);
  Classifier classifier = compile_classifier(rules, lab::Direction::kOutbound);
  return std::make_shared<const Gate>(Gate{std::move(rules), std::move(classifier)});
}

bool has_rules(const Interface& machine) {
  return machine.forwards() && !machine.host->network_rules.empty();
}

}  // namespace

std::vector<EffectiveRule> network_rules_of(const lab::Lab& lab, const std::string& firewall,
                                            const FqdnAddresses& addresses) {
  return Expansion(lab, firewall, addresses).run();
}

void add_network_rules(Network& network) {
  std::vector<std::pair<Index, std::shared_ptr<const Gate>>> gates;
  for (Index index = 0; index < network.interfaces.size(); ++index) {
    if (has_rules(network.interfaces[index])) gates.emplace_back(index, gate_of(network, index));
  }
  for (auto& [index, gate] : gates) network.interfaces[index].network_rules = std::move(gate);
}

std::vector<lab::Finding> fqdns_without_address(const Network& network, const std::string& file) {
  std::vector<lab::Finding> findings;
  for (Index index = 0; index < network.interfaces.size(); ++index) {
    const Interface& firewall = network.interfaces[index];
    if (!has_rules(firewall)) continue;
    for (const auto& [name, rule] : firewall.host->network_rules) {
      const auto& fqdns = rule.destination_fqdns;
      for (size_t i = 0; i < fqdns.size(); ++i) {
        if (!addresses_for_machine(network, index, fqdns[i]).empty()) continue;
        findings.push_back({.severity = lab::Severity::kWarning,
                            .file = file,
                            .path = fmt::format("hosts.{}.networkRules.{}.destinationFqdns[{}]",
                                                firewall.name, name, i),
                            .code = "no-effect",
                            .message = fmt::format("'{}' has no address for {}: it matches nothing",
                                                   lab::shown(fqdns[i]), firewall.name)});
      }
    }
  }
  return findings;
}

bool names_destinations(const lab::Host& firewall) {
  return std::any_of(firewall.network_rules.begin(), firewall.network_rules.end(),
                     [](const auto& rule) { return !rule.second.destination_fqdns.empty(); });
}

std::vector<lab::Finding> fqdns_without_address(const lab::Lab& lab, const std::string& file) {
  const bool any = std::any_of(lab.hosts.begin(), lab.hosts.end(),
                               [](const auto& host) { return names_destinations(host.second); });
  if (!any) return {};
  return fqdns_without_address(*analyse({.lab = lab}), file);
}

}  // namespace egress::policy
