// SPDX-License-Identifier: MIT
#include "tests/oracle/network_interfaces.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "tests/support/values.hpp"

namespace egress::oracle {
namespace {

using testing_support::ip;

std::string some_group(const lab::Lab& lab, Random& random) {
  const auto count = static_cast<uint32_t>(lab.network_security_groups.size());
  return std::next(lab.network_security_groups.begin(), random.below(count))->first;
}

// An entry's name, or the address as it is. `number` tells one from the other.
void give_public_address(lab::Lab& lab, lab::Host& host, Random& random, uint32_t number) {
  const Ipv4Address address{ip("20.66.0.0").bits + number};
  if (random.chance(50)) {
    host.public_ip_address = address.to_string();
    return;
  }
  const std::string name = fmt::format("pip{}", number);
  lab.public_ip_addresses[name].ip_address = address;
  host.public_ip_address = name;
}

// Addresses under which somebody sends from the Internet.
std::vector<Ipv4Address> senders(const lab::Lab& lab) {
  std::vector<Ipv4Address> all = lab::outbound_addresses(lab);
  for (const auto& [name, host] : lab.hosts) {
    if (host.internet() && host.has_address()) all.push_back(host.ip_address);
    if (host.masquerade) all.push_back(*host.masquerade);
    if (const auto own = lab::public_address_of(lab, host)) all.push_back(*own);
  }
  for (const auto& [name, gateway] : lab.nat_gateways) {
    const auto shown = lab::addresses_of(lab, gateway);
    all.insert(all.end(), shown.begin(), shown.end());
  }
  for (const auto& [name, network] : lab.on_premises) {
    if (network.internet_address) all.push_back(*network.internet_address);
  }
  return all;
}

lab::AddressMatch some_senders(const lab::Lab& lab, Random& random) {
  lab::AddressMatch match;
  if (random.chance(30)) {
    match.service_tag = "Internet";
    return match;
  }
  const std::vector<Ipv4Address> all = senders(lab);
  for (uint32_t i = 0; i < 1 + random.below(4); ++i) {
    const Ipv4Prefix one = Ipv4Prefix::host(random.pick(all));
    if (std::find(match.prefixes.begin(), match.prefixes.end(), one) == match.prefixes.end()) {
      match.prefixes.push_back(one);
    }
  }
  return match;
}

// A rule of `group` about what comes from the Internet to the machine.
void judge(lab::Lab& lab, const std::string& group, const lab::Host& host, Random& random) {
  auto& rules = lab.network_security_groups.at(group).security_rules;
  lab::SecurityRule rule{.direction = lab::Direction::kInbound,
                         .access = random.chance(80) ? lab::Access::kAllow : lab::Access::kDeny,
                         .source = some_senders(lab, random),
                         .destination = {.any = true},
                         .source_ports = PortSet::all(),
                         .destination_ports = PortSet::all()};
  if (random.chance(50)) {
    rule.destination = {.prefixes = {Ipv4Prefix::host(host.ip_address)}};
  }
  const auto taken = [&](int priority) {
    return std::any_of(rules.begin(), rules.end(), [&](const auto& each) {
      return each.second.direction == rule.direction && each.second.priority == priority;
    });
  };
  rule.priority = 100 + static_cast<int>(random.below(400));
  while (taken(rule.priority)) ++rule.priority;
  const std::string name = fmt::format("from-outside-{}", rule.priority);
  if (!rules.contains(name)) rules[name] = std::move(rule);
}

void judge_both(lab::Lab& lab, const lab::Host& host, Random& random) {
  const lab::Subnet* subnet = lab.find(*host.subnet);
  if (subnet->network_security_group && random.chance(75)) {
    judge(lab, *subnet->network_security_group, host, random);
  }
  if (host.network_security_group && random.chance(75)) {
    judge(lab, *host.network_security_group, host, random);
  }
}

std::vector<lab::Host*> machines_of(lab::Lab& lab) {
  std::vector<lab::Host*> machines;
  for (auto& [name, host] : lab.hosts) {
    if (host.subnet) machines.push_back(&host);
  }
  return machines;
}

// As `sender`, "a machine", "an app", "a machine on-premises" or "somebody outside".
const char* sender_of(const policy::Network& network, const policy::Explanation& explained) {
  if (explained.sender.host.empty()) {
    return explained.path == lab::Path::kDirect ? "an app directly" : "an app by its network";
  }
  const lab::Host& host = network.situation.lab.hosts.at(explained.sender.host);
  if (host.subnet) return "a machine";
  return host.on_premises ? "a machine on-premises" : "somebody outside";
}

}  // namespace

void add_network_interfaces(lab::Lab& lab, Random& random) {
  if (random.chance(35)) return;
  uint32_t number = 0;
  for (lab::Host* host : machines_of(lab)) {
    if (random.chance(host->enable_ip_forwarding ? 12 : 35))
      host->network_security_group = some_group(lab, random);
    if (host->masquerade || !random.chance(55)) continue;
    give_public_address(lab, *host, random, ++number);
  }
  for (lab::Host* host : machines_of(lab)) {
    if (host->public_ip_address) judge_both(lab, *host, random);
  }
}

void change_network_interfaces(lab::Lab& lab, Random& random) {
  const std::vector<lab::Host*> machines = machines_of(lab);
  if (machines.empty()) return;
  lab::Host& host = *random.pick(machines);
  switch (random.below(5)) {
    case 0: host.network_security_group = some_group(lab, random); break;
    case 1: host.network_security_group.reset(); break;
    case 2: host.public_ip_address.reset(); break;
    case 3: {
      lab::Host& other = *random.pick(machines);
      if (!host.masquerade && !other.masquerade) {
        std::swap(host.public_ip_address, other.public_ip_address);
      }
      break;
    }
    default:
      if (host.masquerade) return;
      give_public_address(lab, host, random, 128 + random.below(100));
      judge_both(lab, host, random);
  }
}

PublicMachines::PublicMachines(const lab::Lab& lab) {
  for (const auto& [name, host] : lab.hosts) {
    if (!host.subnet) outsiders_.push_back(name);
    const auto address = lab::public_address_of(lab, host);
    if (!address) continue;
    addresses_.push_back(*address);
    behind_[*address] = host.ip_address;
  }
}

void PublicMachines::aim(ProbeCase& next, Random& random) const {
  if (addresses_.empty()) return;
  if (!outsiders_.empty() && random.chance(45)) next.from = {.host = random.pick(outsiders_)};
  next.flow.destination = random.pick(addresses_);
  if (next.flow.protocol == Protocol::kIcmp || random.chance(20)) return;
  next.flow.destination_port = next.flow.protocol == Protocol::kTcp ? 443 : 53;
}

std::optional<Ipv4Address> PublicMachines::behind(Ipv4Address address) const {
  const auto found = behind_.find(address);
  return found == behind_.end() ? std::nullopt : std::optional(found->second);
}

std::set<std::string> interface_features(const lab::Lab& lab) {
  std::set<std::string> found;
  for (const auto& [name, host] : lab.hosts) {
    if (!host.subnet) continue;
    const lab::Subnet& subnet = *lab.find(*host.subnet);
    const bool own = host.network_security_group.has_value();
    if (own) {
      found.insert(fmt::format("list of an interface, of its subnet {}",
                               subnet.network_security_group.has_value()));
      if (host.enable_ip_forwarding) found.insert("list of an interface that forwards");
    }
    if (!host.public_ip_address) continue;
    found.insert("public address of a machine");
    if (subnet.nat_gateway) found.insert("public address beside a NAT gateway");
    if (!own && !subnet.network_security_group) found.insert("public address that is open");
    if (host.enable_ip_forwarding) found.insert("public address of an appliance");
  }
  return found;
}

std::set<std::string> interface_features(const policy::Network& network,
                                         const policy::Explanation& explained) {
  std::set<std::string> found;
  const auto& deciding = explained.steps.back();
  if (explained.verdict == lab::Verdict::kDeny && deciding.where.starts_with("host/")) {
    const bool last_outbound = deciding.reason.find("outbound") != std::string::npos;
    found.insert(fmt::format("list of an interface denies {}",
                             last_outbound ? "what leaves" : "what enters"));
  }
  const auto machine = network.public_machines.find(explained.flow.destination);
  if (machine == network.public_machines.end()) return found;
  const bool entered =
      std::any_of(explained.steps.begin(), explained.steps.end(), [&](const policy::Step& step) {
        return step.stage == policy::Stage::kNat &&
               step.result == network.interfaces[machine->second].address.to_string();
      });
  if (!entered) return found;
  found.insert(fmt::format("public address from {}, {}", sender_of(network, explained),
                           lab::name_of(explained.verdict)));
  if (explained.depends_on_source) found.insert("public address by addresses of a NAT gateway");
  if (!explained.reply) return found;
  const bool answered = explained.reply->verdict == lab::Verdict::kAllow;
  found.insert(fmt::format("answer by a public address, {}", answered ? "back" : "lost"));
  const lab::SubnetRef& subnet = *network.interfaces[machine->second].host->subnet;
  if (answered && network.situation.lab.find(subnet)->nat_gateway) {
    found.insert("answer past a NAT gateway");
  }
  return found;
}

}  // namespace egress::oracle
