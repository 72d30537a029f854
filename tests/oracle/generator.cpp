// SPDX-License-Identifier: MIT
#include "tests/oracle/generator.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "lab/schema/vocabulary.hpp"
#include "lab/validate.hpp"
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
#include "tests/oracle/private_ports.hpp"
#include "tests/oracle/services.hpp"
#include "tests/oracle/slots.hpp"
#include "tests/oracle/starts.hpp"
#include "tests/oracle/steering.hpp"
#include "tests/oracle/traffic.hpp"
#include "tests/oracle/windows.hpp"
#include "tests/oracle/wires.hpp"
#include "tests/support/renamed_lab.hpp"
#include "tests/support/values.hpp"

namespace egress::oracle {
namespace {

using testing_support::ip;
using testing_support::prefix;

using lab::Lab;

// All below those that kernels choose: rules must not tell one of these from another, or lookups
// and the port that explain assumes for them would be judged apart.
constexpr uint16_t kFirstSourcePort = 2048;
constexpr uint16_t kPairsWithPorts = 240;
constexpr uint64_t kPairsWithLongNames = 8;  // one of so many pairs of seeds

bool is_public(Ipv4Address address) {
  constexpr Ipv4Prefix kShared{{0x64400000}, 10};
  return !is_rfc1918(address) && !kShared.contains(address);
}

Ipv4Address nth(const Ipv4Prefix& prefix, uint32_t offset) {
  return {prefix.first().bits + offset};
}

class LabGenerator {
 public:
  explicit LabGenerator(uint64_t seed) : seed_(seed), random_(seed) {}

  Lab generate() {
    lab_ = {};
    public_lease_.reset();
    pool_ = {.prefixes = {prefix("0.0.0.0/0"), prefix("10.0.0.0/8"), prefix("0.0.0.0/1"),
                          prefix("128.0.0.0/1"), prefix("192.168.0.0/16"), prefix("172.16.0.0/12"),
                          prefix("100.64.0.0/10"), prefix("168.63.129.16/32")},
             .unowned = {ip("10.0.200.200"), ip("93.184.216.34"), ip("10.1.1.1")},
             .first_source_port = first_source_port(seed_)};
    lab_.outbound_ip_addresses = {ip("20.50.1.4"), ip("20.50.1.5")};
    if (random_.chance(25)) lab_.address_allocation = lab::AddressAllocation::kHighest;
    add_service_tags();
    add_networks();
    add_peerings();
    add_hosts();
    add_internet_hosts();
    const uint32_t groups = 1 + random_.below(4);
    for (uint32_t i = 0; i < groups; ++i) {
      lab_.network_security_groups[fmt::format("nsg{}", i)] = random_security_group(random_, pool_);
    }
    const uint32_t tables = 1 + random_.below(4);
    for (uint32_t i = 0; i < tables; ++i) {
      lab_.route_tables[fmt::format("table{}", i)] = random_route_table(random_, pool_);
    }
    attach();
    steer_through_appliances(lab_, random_, pool_);
    add_plans();
    return lab_;
  }

 private:
  void add_service_tags() {
    auto tags = std::make_shared<lab::ServiceTags>();
    (*tags)["Storage"] = {"", address_set({prefix("20.60.0.0/16"), prefix("52.239.0.0/17")})};
    (*tags)["Storage.WestEurope"] = {"westeurope", address_set({prefix("20.60.8.0/21")})};
    (*tags)["Sql"] = {"", address_set({prefix("40.68.37.0/24"), prefix("93.184.216.0/25")})};
    lab_.service_tags = std::move(tags);
    lab_.service_tags_file = "tags.json";
  }

  // Spaces repeat and lie in each other on purpose: networks may, as long as no peering joins them.
  void add_networks() {
    static const std::vector<std::vector<const char*>> kApart = {{"10.0.0.0/16"},
                                                                 {"10.1.0.0/16"},
                                                                 {"10.2.0.0/16", "10.77.0.0/20"},
                                                                 {"172.20.0.0/16"},
                                                                 {"100.70.0.0/16"},
                                                                 {"51.10.0.0/16", "10.9.0.0/16"},
                                                                 {"192.168.0.0/16"},
                                                                 {"20.60.8.0/21", "10.20.0.0/22"}};
    static const std::vector<std::vector<const char*>> kOverlapping = {
        {"10.0.0.0/16"}, {"10.0.0.0/20", "10.3.0.0/22"}, {"10.0.0.0/12"}, {"10.1.0.0/17"}};
    const uint32_t count = 2 + std::min(random_.below(4), 2U);
    const uint32_t first = random_.below(static_cast<uint32_t>(kApart.size()));
    for (uint32_t i = 0; i < count; ++i) {
      lab::VirtualNetwork vnet{.location =
                                   i > 0 && random_.chance(15) ? "northeurope" : lab_.location};
      const auto& spaces =
          random_.chance(70) ? kApart[(first + i) % kApart.size()] : random_.pick(kOverlapping);
      for (const char* text : spaces) vnet.address_prefixes.push_back(prefix(text));
      pool_.prefixes.insert(pool_.prefixes.end(), vnet.address_prefixes.begin(),
                            vnet.address_prefixes.end());
      if (random_.chance(15)) vnet.dns_servers = {ip("10.0.1.4"), ip("8.8.8.8")};
      add_subnets(vnet, i == 0);
      lab_.virtual_networks[fmt::format("vnet{}", i)] = std::move(vnet);
    }
  }

  void add_subnets(lab::VirtualNetwork& vnet, bool first_network) {
    std::vector<uint32_t> next;  // free from here on, per prefix of the network
    for (const Ipv4Prefix& space : vnet.address_prefixes) {
      next.push_back(space.first().bits + (random_.chance(40) ? 0 : 256));
    }
    const auto carve = [&](uint8_t length) {
      const size_t space = random_.below(static_cast<uint32_t>(next.size()));
      const Ipv4Prefix taken{{next[space]}, length};
      next[space] = taken.first().bits + 256;
      pool_.prefixes.push_back(taken);
      return taken;
    };
    const uint32_t count = 2 + random_.below(3);
    for (uint32_t i = 0; i < count; ++i) {
      const bool delegated =
          i == 0 ? first_network || random_.chance(60) : i == 1 && random_.chance(20);
      const auto length = static_cast<uint8_t>(delegated ? 26 : 24 + random_.below(5));
      lab::Subnet subnet{.address_prefixes = {carve(length)}};
      if (random_.chance(15)) subnet.address_prefixes.push_back(carve(27));
      if (delegated) {
        subnet.delegations = {lab::kServerFarmsDelegation};
        const Ipv4Address lease = nth(subnet.address_prefixes.front(), 4);
        if (is_public(lease)) public_lease_ = lease;
        pool_.unowned.push_back(lease);
        pool_.prefixes.push_back(Ipv4Prefix::host(lease));
      } else if (random_.chance(25)) {
        subnet.delegations = {"NGINX.NGINXPLUS/nginxDeployments"};
      } else if (random_.chance(10)) {
        subnet.service_endpoints = {{.service = "Microsoft.Storage"}};
      }
      vnet.subnets[delegated ? fmt::format("apps{}", i) : fmt::format("net{}", i)] =
          std::move(subnet);
    }
  }

  bool may_peer(const std::string& a, const std::string& b) const {
    std::vector<std::string> around = {b};
    for (const auto& [peer, ignored] : lab_.virtual_networks.at(a).virtual_network_peerings) {
      around.push_back(peer);
    }
    const auto overlap = [&](const std::string& x, const std::string& y) {
      for (const Ipv4Prefix& left : lab_.virtual_networks.at(x).address_prefixes) {
        for (const Ipv4Prefix& right : lab_.virtual_networks.at(y).address_prefixes) {
          if (left.overlaps(right)) return true;
        }
      }
      return false;
    };
    if (overlap(a, b)) return false;
    return std::none_of(around.begin(), around.end(),
                        [&](const std::string& peer) { return peer != b && overlap(peer, b); });
  }

  void add_peerings() {
    std::vector<std::string> names;
    for (const auto& [name, vnet] : lab_.virtual_networks) names.push_back(name);
    const auto flags = [&] {
      return lab::VirtualNetworkPeering{random_.chance(80), random_.chance(65)};
    };
    for (const std::string& a : names) {
      for (const std::string& b : names) {
        if (a >= b || !random_.chance(80) || !may_peer(a, b) || !may_peer(b, a)) continue;
        lab_.virtual_networks[a].virtual_network_peerings[b] = flags();
        if (random_.chance(10)) continue;
        lab_.virtual_networks[b].virtual_network_peerings[a] = flags();
      }
    }
  }

  void add_hosts() {
    for (const auto& [name, vnet] : lab_.virtual_networks) {
      pool_.groups.push_back("group-" + name);
      pool_.groups.push_back("others-" + name);
    }
    lab_.application_security_groups = {pool_.groups.begin(), pool_.groups.end()};
    for (const auto& [vnet_name, vnet] : lab_.virtual_networks) {
      for (const auto& [subnet_name, subnet] : vnet.subnets) {
        if (lab::is_integration_subnet(subnet)) continue;
        const uint32_t count = std::min(random_.below(4), 2U);
        for (uint32_t i = 0; i < count; ++i) {
          add_host({vnet_name, subnet_name}, random_.pick(subnet.address_prefixes), i);
        }
      }
    }
  }

  void add_host(const lab::SubnetRef& ref, const Ipv4Prefix& space, uint32_t number) {
    const std::string name = fmt::format("{}-{}-{}", ref.vnet, ref.subnet, number);
    lab::Host host{.subnet = ref};
    host.ip_address = number == 0          ? nth(space, 4)
                      : random_.chance(60) ? Ipv4Address{space.last().bits - 1}
                                           : nth(space, 5 + random_.below(8));
    host.enable_ip_forwarding = random_.chance(65);
    if (random_.chance(40)) host.masquerade = nth(prefix("20.61.0.0/16"), next_public_++);
    add_listeners(host);
    if (random_.chance(30)) host.application_security_groups = {"group-" + ref.vnet};
    if (random_.chance(15)) host.application_security_groups.push_back("others-" + ref.vnet);
    if (random_.chance(10)) host.names = {name + ".example.com", name + "-alias"};
    pool_.machines.push_back(host.ip_address);
    if (host.enable_ip_forwarding) pool_.appliances.push_back(host.ip_address);
    pool_.prefixes.push_back(Ipv4Prefix::host(host.ip_address));
    Ipv4Prefix around{host.ip_address, static_cast<uint8_t>(18 + random_.below(14))};
    around.address.bits &= around.mask();
    pool_.prefixes.push_back(around);
    lab_.hosts[name] = std::move(host);
  }

  void add_internet_hosts() {
    static const std::vector<const char*> kSites = {
        "93.184.216.34", "20.60.9.9",  "203.0.113.7",   "20.60.7.255", "40.68.37.255",
        "52.239.128.0",  "172.32.0.1", "9.255.255.255", "198.18.0.9",  "51.10.1.4"};
    const uint32_t first = random_.below(static_cast<uint32_t>(kSites.size()));
    for (uint32_t i = 0; i < 3; ++i) {
      lab::Host host{.ip_address = ip(kSites[(first + 3 * i) % kSites.size()])};
      // Who is not in the network may well reach a site with the address of an integration in it.
      if (i == 0 && public_lease_ && random_.chance(60)) host.ip_address = *public_lease_;
      add_listeners(host);
      pool_.prefixes.push_back(Ipv4Prefix::host(host.ip_address));
      lab_.hosts[fmt::format("site{}", i)] = std::move(host);
    }
  }

  void add_listeners(lab::Host& host) {
    host.listen = {{Protocol::kTcp, 443}, {Protocol::kUdp, 53}};
    if (random_.chance(50)) host.listen.push_back({Protocol::kTcp, 80});
  }

  void attach() {
    for (auto& [vnet_name, vnet] : lab_.virtual_networks) {
      for (auto& [name, subnet] : vnet.subnets) {
        if (random_.chance(55)) {
          subnet.network_security_group = fmt::format(
              "nsg{}", random_.below(static_cast<uint32_t>(lab_.network_security_groups.size())));
        }
        if (random_.chance(lab::is_integration_subnet(subnet) ? 70 : 45)) {
          subnet.route_table = fmt::format(
              "table{}", random_.below(static_cast<uint32_t>(lab_.route_tables.size())));
        }
      }
    }
  }

  void add_plans() {
    std::vector<lab::SubnetRef> delegated;
    for (const auto& [vnet_name, vnet] : lab_.virtual_networks) {
      if (vnet.location != lab_.location) continue;
      for (const auto& [name, subnet] : vnet.subnets) {
        if (lab::is_integration_subnet(subnet)) delegated.push_back({vnet_name, name});
      }
    }
    lab_.server_farms["plan"] = {"P1v3", 1 + static_cast<int>(random_.below(2))};
    lab_.server_farms["other"] = {"S1", 1};
    if (random_.chance(25)) lab_.server_farms["free"] = {"F1", 1};
    // A plan has two integrations at most, and each plan its own.
    const auto offset = random_.below(static_cast<uint32_t>(delegated.size()));
    const uint32_t sites = 2 + random_.below(3);
    for (uint32_t i = 0; i < sites; ++i) {
      lab::Site site{.server_farm = random_.chance(75) ? "plan" : "other"};
      if (i == 0 || random_.chance(90)) {
        const size_t turn = i % 2 + (site.server_farm == "plan" ? 0 : offset);
        site.virtual_network_subnet = delegated[turn % delegated.size()];
      }
      set_routing(site);
      lab_.sites[fmt::format("app{}", i)] = std::move(site);
    }
    if (lab_.server_farms.contains("free")) lab_.sites["plain"] = {.server_farm = "free"};
  }

  void set_routing(lab::Site& site) {
    const uint32_t kind = random_.below(100);
    if (kind < 35) {
      site.outbound_vnet_routing = lab::OutboundVnetRouting{.application_traffic = true};
    } else if (kind < 45) {
      site.outbound_vnet_routing = lab::OutboundVnetRouting{
          .all_traffic = true, .content_share_traffic = true, .image_pull_traffic = true};
    } else if (kind < 50) {
      site.outbound_vnet_routing = lab::OutboundVnetRouting{.backup_restore_traffic = true,
                                                            .managed_identity_traffic = true};
      site.app_settings["WEBSITE_VNET_ROUTE_ALL"] = "1";
    } else if (kind < 60) {
      site.vnet_route_all_enabled = true;
      site.vnet_image_pull_enabled = random_.chance(50);
    } else if (kind < 70) {
      site.app_settings["WEBSITE_VNET_ROUTE_ALL"] = random_.chance(80) ? "1" : "0";
      site.vnet_content_share_enabled = true;
    } else if (kind < 80) {
      site.vnet_route_all_enabled = false;
      site.vnet_backup_restore_enabled = true;
      site.app_settings["WEBSITE_VNET_ROUTE_ALL"] = "1";
    }
  }

  const uint64_t seed_;
  Random random_;
  Lab lab_{};
  Pool pool_{};
  std::optional<Ipv4Address> public_lease_{};
  uint32_t next_public_ = 10;
};

}  // namespace

uint16_t first_source_port(uint64_t seed) {
  return static_cast<uint16_t>(kFirstSourcePort + (seed / 2 % kPairsWithPorts) * kSourcePorts);
}

bool is_valid(const lab::Lab& lab) {
  return !lab::any_error(lab::validate(lab));
}

Random later_draws(uint64_t seed, uint64_t attempt) {
  constexpr uint64_t kOther = 0x5bd1e995;
  return Random((attempt << 32U) + (seed ^ kOther));
}

lab::Lab random_lab(uint64_t seed) {
  if (seed % 2 == 1) return changed_lab(random_lab(seed - 1), seed);
  LabGenerator generator(seed);
  lab::Lab base;
  do {
    base = generator.generate();
  } while (!is_valid(base));
  for (uint64_t attempt = 0;; ++attempt) {
    lab::Lab lab = base;
    Random later = later_draws(seed, attempt);
    draw_outbound_addresses(lab, later);
    add_services(lab, later, seed);
    add_names(lab, later);
    add_fronts(lab, later);
    add_subscriptions(lab, later);
    add_traffic(lab, later);
    add_nat_gateways(lab, later);
    Random for_gateways = later_draws(~seed, attempt);
    add_gateways(lab, for_gateways);
    add_private_ports(lab, later);
    aim_starts(lab, later);
    draw_wires(lab, later);
    add_firewalls(lab, later);
    add_prefix_hosts(lab, later);
    make_slots(lab, later);
    draw_windows(lab, later);
    Random for_balancers = later_draws(seed ^ kBalancers, attempt);
    add_load_balancers(lab, for_balancers);
    Random for_interfaces = later_draws(seed ^ kInterfaces, attempt);
    add_network_interfaces(lab, for_interfaces);
    Random for_ways = later_draws(seed ^ kWays, attempt);
    add_equal_ways(lab, for_ways);
    if (!is_valid(lab)) continue;
    return seed / 2 % kPairsWithLongNames == kPairsWithLongNames - 1
               ? testing_support::with_longest_names(lab)
               : lab;
  }
}

}  // namespace egress::oracle
