// SPDX-License-Identifier: MIT
#include "tests/oracle/changes.hpp"

#include "tests/oracle/firewalls.hpp"
#include "tests/oracle/fronts.hpp"
#include "tests/oracle/gateways.hpp"
#include "tests/oracle/internet_prefixes.hpp"
#include "tests/oracle/load_balancers.hpp"
#include "tests/oracle/names.hpp"
#include "tests/oracle/nat_gateways.hpp"
#include "tests/oracle/network_interfaces.hpp"
#include "tests/oracle/offers.hpp"
#include "tests/oracle/operations.hpp"
#include "tests/oracle/private_ports.hpp"
#include "tests/oracle/random_lists.hpp"
#include "tests/oracle/services.hpp"
#include "tests/oracle/slots.hpp"
#include "tests/oracle/starts.hpp"
#include "tests/oracle/traffic.hpp"
#include "tests/oracle/wires.hpp"

namespace egress::oracle {
namespace {

using lab::Lab;

class Changer {
 public:
  Changer(Lab lab, uint64_t seed)
      : lab_(std::move(lab)), random_(seed), pool_(pool_of(lab_, seed)) {}

  Lab change() {
    const uint32_t count = 1 + random_.below(3);
    for (uint32_t i = 0; i < count; ++i) change_one();
    return std::move(lab_);
  }

 private:
  void change_one() {
    switch (random_.below(8)) {
      case 0:
        random_.any_of(lab_.network_security_groups) = random_security_group(random_, pool_);
        break;
      case 1: change_rule(random_.any_of(lab_.network_security_groups)); break;
      case 2: random_.any_of(lab_.route_tables) = random_route_table(random_, pool_); break;
      case 3: change_route(random_.any_of(lab_.route_tables)); break;
      case 4: change_subnet(random_.any_of(random_.any_of(lab_.virtual_networks).subnets)); break;
      case 5: change_peering(random_.any_of(lab_.virtual_networks)); break;
      case 6: change_host(); break;
      default: change_app();
    }
  }

  void change_rule(lab::NetworkSecurityGroup& group) {
    if (group.security_rules.empty()) return;
    lab::SecurityRule& rule = random_.any_of(group.security_rules);
    const auto other = random_security_group(random_, pool_);
    switch (random_.below(4)) {
      case 0:
        rule.access = rule.access == lab::Access::kAllow ? lab::Access::kDeny : lab::Access::kAllow;
        break;
      case 1: rule.priority = 100 + static_cast<int>(random_.below(3997)); break;
      case 2:
        if (!other.security_rules.empty()) rule = other.security_rules.begin()->second;
        break;
      default: group.security_rules.erase(group.security_rules.begin());
    }
  }

  void change_route(lab::RouteTable& table) {
    if (table.routes.empty()) return;
    lab::Route& route = random_.any_of(table.routes);
    if (random_.chance(30)) {
      table.routes.erase(table.routes.begin());
    } else if (route.next_hop_ip_address && !pool_.machines.empty()) {
      route.next_hop_ip_address = random_.pick(pool_.machines);
    } else {
      route.next_hop_type =
          random_.chance(50) ? lab::NextHopType::kNone : lab::NextHopType::kVnetLocal;
      route.next_hop_ip_address.reset();
    }
  }

  void change_subnet(lab::Subnet& subnet) {
    if (random_.chance(50)) {
      const bool had = subnet.network_security_group.has_value();
      subnet.network_security_group = lab_.network_security_groups.begin()->first;
      if (had) subnet.network_security_group.reset();
    } else {
      const bool had = subnet.route_table.has_value();
      subnet.route_table = lab_.route_tables.begin()->first;
      if (had) subnet.route_table.reset();
    }
  }

  void change_peering(lab::VirtualNetwork& vnet) {
    if (vnet.virtual_network_peerings.empty()) return;
    lab::VirtualNetworkPeering& peering = random_.any_of(vnet.virtual_network_peerings);
    switch (random_.below(3)) {
      case 0: peering.allow_forwarded_traffic = !peering.allow_forwarded_traffic; break;
      case 1: peering.allow_virtual_network_access = !peering.allow_virtual_network_access; break;
      default: vnet.virtual_network_peerings.erase(vnet.virtual_network_peerings.begin());
    }
  }

  void change_host() {
    if (pool_.machines.empty()) return;
    lab::Host& host = random_.any_of(lab_.hosts);
    if (!host.subnet) return;
    switch (random_.below(4)) {
      case 0: host.enable_ip_forwarding = !host.enable_ip_forwarding; break;
      case 1:
        if (host.masquerade) {
          host.masquerade.reset();
        } else {
          host.masquerade = Ipv4Address{0x143dff00 + random_.below(200)};
        }
        break;
      case 2: host.ip_address = {host.ip_address.bits + (random_.chance(50) ? 1U : ~0U)}; break;
      default: host.listen = {{Protocol::kTcp, 8080}};
    }
  }

  void change_app() {
    lab::Site& site = random_.any_of(lab_.sites);
    switch (random_.below(4)) {
      case 0: site.virtual_network_subnet.reset(); break;
      case 1: site.server_farm = random_.any_of(lab_.sites).server_farm; break;
      case 2:
        site.outbound_vnet_routing =
            lab::OutboundVnetRouting{.application_traffic = random_.chance(50)};
        break;
      default: random_.any_of(lab_.server_farms).capacity = 1 + static_cast<int>(random_.below(3));
    }
  }

  Lab lab_;
  Random random_;
  const Pool pool_;
};

}  // namespace

Lab changed_lab(const Lab& lab, uint64_t seed) {
  for (uint64_t attempt = 0;; ++attempt) {
    Lab changed = Changer(lab, seed + (attempt << 32U)).change();
    Random later = later_draws(seed, attempt);
    const bool services = later.chance(60);
    if (services) change_services(changed, later);
    if (later.chance(60)) change_names(changed, later);
    if (services && later.chance(40)) change_fronts(changed, later);
    if (later.chance(30)) change_subscriptions(changed, later);
    if (later.chance(40)) change_traffic(changed, later);
    if (later.chance(15)) draw_outbound_addresses(changed, later);
    if (later.chance(40)) change_nat_gateways(changed, later);
    if (later.chance(30)) change_gateways(changed, later);
    if (later.chance(30)) change_private_ports(changed, later);
    if (later.chance(20)) aim_starts(changed, later);
    if (later.chance(30)) change_wires(changed, later);
    if (later.chance(40)) operate(changed, later);
    change_firewalls(changed, later);
    if (later.chance(40)) change_prefix_hosts(changed, later);
    if (later.chance(30)) change_slots(changed, later);
    Random for_balancers = later_draws(seed ^ kBalancers, attempt);
    if (for_balancers.chance(40)) change_load_balancers(changed, for_balancers);
    Random for_interfaces = later_draws(seed ^ kInterfaces, attempt);
    if (for_interfaces.chance(40)) change_network_interfaces(changed, for_interfaces);
    if (is_valid(changed) && may_follow(lab, changed)) return changed;
  }
}

}  // namespace egress::oracle
