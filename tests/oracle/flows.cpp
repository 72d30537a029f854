// SPDX-License-Identifier: MIT
#include <algorithm>
#include <set>
#include <tuple>

#include "lab/service_types.hpp"
#include "policy/endpoints.hpp"
#include "tests/oracle/generator.hpp"
#include "tests/oracle/internet_prefixes.hpp"
#include "tests/oracle/load_balancers.hpp"
#include "tests/oracle/network_interfaces.hpp"
#include "tests/oracle/offers.hpp"
#include "tests/oracle/private_ports.hpp"
#include "tests/oracle/traffic.hpp"

namespace egress::oracle {
namespace {

class FlowGenerator {
 public:
  FlowGenerator(const lab::Lab& lab, const lab::IntegrationAddresses& addresses, uint64_t seed)
      : lab_(lab),
        random_(seed),
        later_(later_draws(seed, 0)),
        odd_(later_draws(seed, 1)),
        classes_(later_draws(seed, 2)),
        in_use_(policy::traffic_in_use(lab, run_in(lab))),
        outside_(later_draws(seed, 4)),
        inward_(later_draws(seed, 5)),
        begins_(later_draws(seed, 6)),
        balanced_(later_draws(seed, 7)),
        frontends_(frontend_ports(lab)),
        reached_(later_draws(seed, 8)),
        public_(lab),
        integrations_(lab, addresses),
        first_port_(static_cast<uint16_t>(first_source_port(seed) + seed % 2)) {
    collect_edges();
    for (const auto& [integration, lease] : addresses) addresses_.push_back(lease);
    for (const auto& [name, host] : lab.hosts) {
      if (!host.has_address()) continue;
      by_vnet_[host.subnet ? host.subnet->vnet : ""].push_back(host.ip_address);
      machines_.push_back(host.ip_address);
      if (host.subnet) inside_.push_back(host.ip_address);
      if (host.masquerade) addresses_.push_back(*host.masquerade);
    }
    for (const auto& [name, host] : lab.hosts) senders_.push_back(name);
    // Half of what stands on the Internet.
    const std::vector<Ipv4Address> in_prefixes = addresses_in_prefixes(lab);
    by_vnet_[""].insert(by_vnet_[""].end(), in_prefixes.begin(), in_prefixes.end());
    addresses_.insert(addresses_.end(), in_prefixes.begin(), in_prefixes.end());
    const std::vector<Ipv4Address> outbound = lab::outbound_addresses(lab);
    addresses_.insert(addresses_.end(), outbound.begin(), outbound.end());
    for (const auto& [name, site] : lab.sites) {
      for (int i = 0; i < lab.server_farms.at(site.server_farm).capacity; ++i) {
        apps_.push_back({name, i});
      }
    }
    collect_targets();
  }

  std::vector<ProbeCase> make(size_t count) {
    std::vector<ProbeCase> cases;
    for (size_t attempt = 0; cases.size() < count && attempt < 20 * count; ++attempt) {
      const uint32_t kind = random_.below(100);
      ProbeCase next = fresh(cases.size());
      draw_traffic(in_use_, classes_, next.from);
      if (kind < 25 && !cases.empty()) {
        next = relative(random_.pick(cases), next);
      } else if (kind < 45) {
        aim(next);
      } else if (kind < 60) {
        follow_route(next);
      }
      if (reached_.chance(18)) public_.aim(next, reached_);
      if (later_.chance(30)) aim_at_platform(next);
      if (odd_.chance(8)) aim_at_refused_port(next);
      if (outside_.chance(9)) aim_outside(next);
      if (inward_.chance(12)) integrations_.aim(next, inward_);
      if (begins_.chance(12) && !senders_.empty()) begin_at_machine(next);
      const bool mail = next.flow.destination_port == kSmtp;
      if (!frontends_.empty() && balanced_.chance(15) && !mail) aim_at_frontend(next);
      if (acceptable(next)) cases.push_back(next);
    }
    return cases;
  }

 private:
  // Where rules, routes, subnets and networks begin and end.
  void add_edges(const Ipv4Prefix& prefix) {
    for (const uint32_t bits : {prefix.first().bits, prefix.last().bits, prefix.first().bits - 1,
                                prefix.last().bits + 1, prefix.first().bits + 4}) {
      addresses_.push_back({bits});
    }
  }

  static void add_edges(std::vector<uint16_t>& ports, const PortSet& set) {
    if (set.is_all()) return;
    for (const auto& range : set.intervals()) {
      for (const int port : {range.first - 1, int{range.first}, int{range.last}, range.last + 1}) {
        if (port > 0 && port <= 65535) ports.push_back(static_cast<uint16_t>(port));
      }
    }
  }

  void collect_edges() {
    for (const auto& [name, vnet] : lab_.virtual_networks) {
      for (const auto& prefix : vnet.address_prefixes) add_edges(prefix);
      for (const auto& [subnet_name, subnet] : vnet.subnets) {
        for (const auto& prefix : subnet.address_prefixes) add_edges(prefix);
      }
    }
    for (const auto& [name, group] : lab_.network_security_groups) {
      for (const auto& [rule_name, rule] : group.security_rules) {
        for (const auto& prefix : rule.destination.prefixes) add_edges(prefix);
        add_edges(ports_, rule.destination_ports);
        add_edges(source_ports_, rule.source_ports);
        rules_.push_back(&rule);
      }
    }
    for (const auto& [name, table] : lab_.route_tables) {
      for (const auto& [route_name, route] : table.routes) {
        if (route.address_prefix) add_edges(*route.address_prefix);
      }
    }
    std::erase_if(source_ports_, [&](uint16_t port) {
      return port < first_port_ || port >= first_port_ + kSourcePorts ||
             (port - first_port_) % 2 != 0;
    });
  }

  const std::optional<lab::SubnetRef>& subnet_of(const lab::Sender& sender) const {
    return sender.host.empty() ? lab_.sites.at(sender.site).virtual_network_subnet
                               : lab_.hosts.at(sender.host).subnet;
  }

  ProbeCase fresh(size_t number) {
    ProbeCase next{.from = random_.pick(apps_)};
    next.flow.destination = some_destination(next.from);
    const uint32_t kind = random_.below(100);
    next.flow.protocol = kind < 52 ? Protocol::kTcp : kind < 91 ? Protocol::kUdp : Protocol::kIcmp;
    static const std::vector<uint16_t> kListening = {443, 443, 80, 53};
    next.flow.destination_port =
        random_.chance(40) ? random_.pick(kListening) : random_.pick(ports_);
    next.flow.source_port = static_cast<uint16_t>(first_port_ + number % (kSourcePorts / 2) * 2);
    if (!source_ports_.empty() && random_.chance(35)) {
      next.flow.source_port = random_.pick(source_ports_);
    }
    return next;
  }

  // Machines near the app more often than others, as most packets to strangers end at the first
  // route.
  Ipv4Address some_destination(const lab::Sender& from) {
    const uint32_t kind = random_.below(100);
    const auto& subnet = subnet_of(from);
    if (kind < 35 && subnet) {
      std::vector<std::string> near = {subnet->vnet, subnet->vnet};
      for (const auto& [peer, flags] :
           lab_.virtual_networks.at(subnet->vnet).virtual_network_peerings) {
        near.push_back(peer);
      }
      const auto machines = by_vnet_.find(random_.pick(near));
      if (machines != by_vnet_.end()) return random_.pick(machines->second);
    }
    return kind < 75 ? random_.pick(machines_) : random_.pick(addresses_);
  }

  // Mail is for the Internet more often than not: the offer counts on the way there alone.
  void aim_at_refused_port(ProbeCase& next) {
    if (next.flow.protocol == Protocol::kIcmp) return;
    next.flow.destination_port = kOddPorts[odd_.below(std::size(kOddPorts))];
    const auto on_internet = by_vnet_.find("");
    if (next.flow.destination_port != kSmtp || on_internet == by_vnet_.end()) return;
    if (odd_.chance(30)) return;
    next.flow.protocol = Protocol::kTcp;
    next.flow.destination = odd_.pick(on_internet->second);
  }

  // On-premises they have little to do with each other.
  void begin_at_machine(ProbeCase& next) {
    next.from = {.host = begins_.pick(senders_)};
    const bool aims = lab_.hosts.at(next.from.host).on_premises && begins_.chance(60);
    if (aims && !inside_.empty()) next.flow.destination = begins_.pick(inside_);
  }

  // Another flow but for one dimension.
  ProbeCase relative(ProbeCase next, const ProbeCase& drawn) {
    switch (random_.below(5)) {
      case 0: next.from = drawn.from; break;
      case 1: next.flow.destination.bits += random_.chance(50) ? 1U : ~uint32_t{0}; break;
      case 2: next.flow.destination_port = drawn.flow.destination_port; break;
      case 3: next.flow.protocol = drawn.flow.protocol; break;
      default: break;
    }
    next.flow.source_port = drawn.flow.source_port;
    if (!source_ports_.empty() && random_.chance(30)) {
      next.flow.source_port = random_.pick(source_ports_);
    }
    return next;
  }

  // Into a rule, or just past it.
  void aim(ProbeCase& next) {
    if (rules_.empty()) return;
    const lab::SecurityRule& rule = *random_.pick(rules_);
    if (rule.protocol == lab::SecurityRuleProtocol::kTcp) next.flow.protocol = Protocol::kTcp;
    if (rule.protocol == lab::SecurityRuleProtocol::kUdp) next.flow.protocol = Protocol::kUdp;
    if (!rule.destination.prefixes.empty()) {
      const Ipv4Prefix& prefix = random_.pick(rule.destination.prefixes);
      std::vector<Ipv4Address> inside;
      std::copy_if(machines_.begin(), machines_.end(), std::back_inserter(inside),
                   [&](Ipv4Address machine) { return prefix.contains(machine); });
      if (!inside.empty()) next.flow.destination = random_.pick(inside);
    }
    std::vector<uint16_t> edges;
    add_edges(edges, rule.destination_ports);
    if (!edges.empty()) next.flow.destination_port = random_.pick(edges);
  }

  // Whether a route of the subnet leads to an appliance for `to`.
  bool steers(const lab::Subnet& subnet, Ipv4Address to) const {
    if (!subnet.route_table) return false;
    const auto& routes = lab_.route_tables.at(*subnet.route_table).routes;
    return std::any_of(routes.begin(), routes.end(), [&](const auto& entry) {
      const lab::Route& route = entry.second;
      return route.address_prefix && route.next_hop_ip_address &&
             route.address_prefix->length > 0 && route.address_prefix->contains(to);
    });
  }

  // To a machine that a route of the sender's own subnet leads to by an appliance, or one whose
  // answers such a route leads astray.
  void follow_route(ProbeCase& next) {
    const auto& ref = subnet_of(next.from);
    if (!ref) return;
    const lab::Subnet& own = *lab_.find(*ref);
    const Ipv4Address sender{own.address_prefixes.front().first().bits + 4};
    const bool astray = random_.chance(50);
    std::vector<Ipv4Address> led;
    for (const auto& [name, host] : lab_.hosts) {
      if (!host.has_address()) continue;
      const bool fits = astray ? host.subnet && steers(*lab_.find(*host.subnet), sender)
                               : steers(own, host.ip_address);
      if (fits) led.push_back(host.ip_address);
    }
    if (!led.empty()) next.flow.destination = random_.pick(led);
  }

  // To who stands on the Internet, which most routes to there lead to nobody of; now and then to
  // the outside of a NAT gateway.
  void aim_outside(ProbeCase& next) {
    std::vector<Ipv4Address> sites = by_vnet_[""];
    for (const auto& [name, service] : lab_.services) sites.push_back(service.ip_address);
    if (!lab_.nat_gateways.empty() && outside_.chance(10)) {
      sites = lab::addresses_of(lab_, outside_.any_of(lab_.nat_gateways));
    }
    if (!sites.empty()) next.flow.destination = outside_.pick(sites);
  }

  // What services, front ends, private endpoints and the platform have, with the ports on which
  // they answer.
  void collect_targets() {
    for (const auto& [name, service] : lab_.services) {
      targets_.push_back({service.ip_address, lab::profile_of(name, service).listen});
    }
    for (const auto& [name, site] : lab_.sites) {
      if (!site.inbound_ip_address) continue;
      targets_.push_back({*site.inbound_ip_address, lab::profile_of_site(name, lab_).listen});
    }
    for (const auto& [name, address] : policy::endpoint_addresses(lab_)) {
      const lab::PrivateEndpoint& endpoint = lab_.private_endpoints.at(name);
      const auto profile = lab::profile_behind(lab_, endpoint);
      const Target target{address, lab::ports_of(*profile, lab::groups_of(*profile, endpoint))};
      targets_.insert(targets_.end(), 2, target);
      endpoints_[endpoint.subnet.vnet].push_back(target);
    }
    const std::vector<Port> domain = {{Protocol::kUdp, 53}, {Protocol::kTcp, 53}};
    targets_.push_back({kAzurePlatform, domain});
    targets_.push_back({{0xa9fea9fe}, {{Protocol::kTcp, 80}}});
  }

  // Mostly on an open port, and where the sender's network has an endpoint often there.
  void aim_at_platform(ProbeCase& next) {
    const auto& subnet = subnet_of(next.from);
    const auto near = subnet ? endpoints_.find(subnet->vnet) : endpoints_.end();
    const bool own = near != endpoints_.end() && later_.chance(40);
    const Target& target = later_.pick(own ? near->second : targets_);
    next.flow.destination = target.address;
    if (later_.chance(5)) next.flow.destination.bits += later_.chance(50) ? 1U : ~uint32_t{0};
    if (target.ports.empty() || !later_.chance(80)) return;
    const Port& port = later_.pick(target.ports);
    next.flow.protocol = port.protocol;
    next.flow.destination_port = port.number;
  }

  // Mostly where a rule takes it.
  void aim_at_frontend(ProbeCase& next) {
    const FrontendPort& at = balanced_.pick(frontends_);
    next.flow.destination = at.address;
    if (balanced_.chance(8)) return;
    next.flow.protocol = at.port.protocol;
    if (next.flow.destination_port == 0 || balanced_.chance(85)) {
      next.flow.destination_port = at.port.number;
    }
    if (next.flow.source_port == 0) next.flow.source_port = first_port_;
  }

  bool acceptable(ProbeCase& next) {
    const uint32_t to = next.flow.destination.bits;
    constexpr Ipv4Prefix kNever[] = {{{0x00000000}, 8}, {{0x7f000000}, 8}, {{0xe0000000}, 3}};
    for (const Ipv4Prefix& never : kNever) {
      if (never.contains(next.flow.destination)) return false;
    }
    if (!next.from.host.empty() && stays_at(lab_.hosts.at(next.from.host), next)) return false;
    if (next.flow.protocol == Protocol::kIcmp) {
      next.flow.destination_port = next.flow.source_port = 0;
      return echoes_.insert({next.from, to}).second;
    }
    // An echo's relative may have no ports yet, and a socket cannot be asked for port 0.
    if (next.flow.destination_port == 0 || next.flow.source_port == 0) return false;
    // Different apps must not share ports either: behind one translation they would be changed.
    // Nor may flows to a frontend and to a machine behind it.
    const policy::Flow& flow = next.flow;
    std::vector<FrontendPort> ends =
        ports_behind(lab_, flow.destination, {flow.protocol, flow.destination_port});
    ends.push_back({flow.destination, {flow.protocol, flow.destination_port}});
    if (const auto behind = public_.behind(flow.destination)) {
      ends.push_back({*behind, {flow.protocol, flow.destination_port}});
    }
    std::vector<std::tuple<Protocol, uint32_t, uint16_t, uint16_t>> tuples;
    for (const FrontendPort& end : ends) {
      tuples.emplace_back(flow.protocol, end.address.bits, end.port.number, flow.source_port);
      if (tuples_.contains(tuples.back())) return false;
    }
    tuples_.insert(tuples.begin(), tuples.end());
    return true;
  }

  // What a machine sends to itself.
  static bool stays_at(const lab::Host& machine, const ProbeCase& probe) {
    const auto& prefixes = machine.address_prefixes;
    return machine.ip_address == probe.flow.destination ||
           std::any_of(prefixes.begin(), prefixes.end(), [&](const Ipv4Prefix& prefix) {
             return prefix.contains(probe.flow.destination);
           });
  }

  struct Target {
    Ipv4Address address{};
    std::vector<Port> ports{};
  };

  const lab::Lab& lab_;
  Random random_;
  Random later_;
  Random odd_;
  Random classes_;
  const policy::TrafficInUse in_use_;
  Random outside_;
  Random inward_;
  Random begins_;
  Random balanced_;
  const std::vector<FrontendPort> frontends_;
  Random reached_;
  const PublicMachines public_;
  std::vector<std::string> senders_{};  // machines that begin flows
  const Integrations integrations_;
  const uint16_t first_port_;  // of every second one
  std::vector<lab::Sender> apps_{};
  std::vector<Ipv4Address> machines_{};
  std::vector<Ipv4Address> inside_{};  // of them, those of virtual networks
  std::map<std::string, std::vector<Ipv4Address>> by_vnet_{};
  std::vector<Ipv4Address> addresses_{kAzurePlatform, {0xa9fea9fe}};
  std::vector<Target> targets_{};
  std::map<std::string, std::vector<Target>> endpoints_{};  // by network
  std::vector<uint16_t> ports_{80, 443, 53, 1, 65535, 8080};
  std::vector<uint16_t> source_ports_{};
  std::vector<const lab::SecurityRule*> rules_{};
  std::set<std::pair<lab::Sender, uint32_t>> echoes_{};
  std::set<std::tuple<Protocol, uint32_t, uint16_t, uint16_t>> tuples_{};
};

}  // namespace

std::vector<ProbeCase> random_flows(const lab::Lab& lab, const lab::IntegrationAddresses& addresses,
                                    uint64_t seed, size_t count) {
  return FlowGenerator(lab, addresses, seed).make(count);
}

}  // namespace egress::oracle
