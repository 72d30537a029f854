// SPDX-License-Identifier: MIT
#include "tests/support/boundary_labs.hpp"

#include <fmt/format.h>

#include "lab/limits.hpp"
#include "lab/schema/vocabulary.hpp"
#include "tests/support/renamed_lab.hpp"
#include "tests/support/values.hpp"

namespace egress::testing_support {
namespace {

// Every second /32 behind `first`, so that none merges with its neighbour.
std::vector<Ipv4Prefix> scattered(const char* first, size_t count) {
  std::vector<Ipv4Prefix> prefixes;
  for (uint32_t i = 0; i < count; ++i)
    prefixes.push_back(Ipv4Prefix::host({ip(first).bits + 2 * i}));
  return prefixes;
}

lab::Subnet integration_subnet(const char* own) {
  return {.address_prefixes = {prefix(own)}, .delegations = {lab::kServerFarmsDelegation}};
}

// One app in one network with a machine.
lab::Lab smallest() {
  lab::Lab lab{.outbound_ip_addresses = {ip("20.50.1.4")}};
  lab::VirtualNetwork& spoke = lab.virtual_networks["spoke"];
  spoke = {.location = lab.location, .address_prefixes = {prefix("10.1.0.0/16")}};
  spoke.subnets["apps"] = integration_subnet("10.1.0.0/24");
  spoke.subnets["data"] = {.address_prefixes = {prefix("10.1.1.0/24")}};
  lab.server_farms["plan"] = {};
  lab.sites["app"] = {.server_farm = "plan", .virtual_network_subnet = {{"spoke", "apps"}}};
  lab.hosts["machine"] = {.subnet = {{"spoke", "data"}},
                          .ip_address = ip("10.1.1.4"),
                          .listen = {{Protocol::kTcp, 443}}};
  return lab;
}

lab::SecurityRule rule(size_t index) {
  const auto port = static_cast<uint16_t>(1 + index);
  return {.priority = 100 + static_cast<int>(index),
          .direction = index % 2 == 0 ? lab::Direction::kOutbound : lab::Direction::kInbound,
          .access = index % 3 == 0 ? lab::Access::kAllow : lab::Access::kDeny,
          .protocol = lab::SecurityRuleProtocol::kTcp,
          .source = {.any = true},
          .destination = {.any = true},
          .source_ports = PortSet::all(),
          .destination_ports = PortSet({{port, port}})};
}

lab::NetworkSecurityGroup largest_group() {
  lab::NetworkSecurityGroup group;
  for (size_t i = 0; i < lab::kMaxSecurityRules; ++i) {
    group.security_rules[fmt::format("rule{:04}", i)] = rule(i);
  }
  lab::SecurityRule& outbound = group.security_rules["rule0000"];
  outbound.source = {.prefixes = scattered("10.1.0.0", 100)};
  outbound.destination = {.prefixes = scattered("11.0.0.0", lab::kMaxAddressesPerSide)};
  lab::SecurityRule& inbound = group.security_rules["rule0001"];
  inbound.source = {.prefixes = scattered("12.0.0.0", lab::kMaxAddressesPerSide - 100)};
  size_t groups = 0;
  for (size_t i = 3; groups < lab::kMaxApplicationSecurityGroupsPerGroup; i += 2) {
    lab::AddressMatch match;
    for (size_t k = 0; k < lab::kMaxApplicationSecurityGroupsPerSide; ++k) {
      match.application_security_groups.push_back(fmt::format("asg{:04}", groups++));
    }
    group.security_rules[fmt::format("rule{:04}", i)].destination = match;
  }
  return group;
}

lab::RouteTable largest_table() {
  lab::RouteTable table;
  for (uint32_t i = 0; i < lab::kMaxRoutes; ++i) {
    const bool by_machine = i % 2 == 0;
    lab::Route& route = table.routes[fmt::format("route{:03}", i)];
    route = {.address_prefix = Ipv4Prefix{{ip("13.0.0.0").bits + (i << 8U)}, 24},
             .next_hop_type =
                 by_machine ? lab::NextHopType::kVirtualAppliance : lab::NextHopType::kNone};
    if (by_machine) route.next_hop_ip_address = ip("10.1.1.4");
  }
  return table;
}

// Reached by a service endpoint and by a private one; a site's private endpoint; names by a zone of
// two networks and by a machine's own server.
void add_services(lab::Lab& lab, const std::string& hub, const std::string& subnet) {
  constexpr const char* kZone = "privatelink.vaultcore.azure.net";
  lab.services["0-vault"] = {
      .type = "Microsoft.KeyVault/vaults",
      .location = lab.location,
      .ip_address = ip("20.1.1.1"),
      .network_acls = lab::NetworkAcls{.default_action = lab::Access::kDeny,
                                       .virtual_network_rules = {{hub, "_"}}}};
  lab.virtual_networks[hub].subnets["_"].service_endpoints = {{.service = "Microsoft.KeyVault"}};
  lab.private_endpoints["0_endpoint.of-A_"] = {.subnet = {hub, subnet},
                                               .private_link_service = "0-vault",
                                               .group_ids = {"vault"},
                                               .private_dns_zones = {kZone}};
  lab.private_endpoints["_"] = {.subnet = {"spoke", "data"}, .private_link_service = "app-0"};
  lab.private_dns_zones[kZone] = {.zone_name = kZone, .virtual_network_links = {{hub, {}}}};
  lab.private_dns_zones["0_zone.of-A_"] = {
      .zone_name = "0_zone.of-a_z",
      .virtual_network_links = {{hub, {}}, {"spoke", {.registration_enabled = true}}},
      .record_sets = {{"*", {.a = {ip("10.1.1.4")}}}, {"_sip._tcp", {.txt = {"\"\\"}}}}};
  lab.hosts["machine"].dns_server =
      lab::DnsServer{.forward_to = {kAzurePlatform}, .record_sets = {{"_", {.txt = {"x"}}}}};
}

// What an operator may do, how the lab changes, and what it says of Azure's that has no effect
// here.
void add_rights_and_delays(lab::Lab& lab, const std::string& hub) {
  lab.release_delay = lab::kMaxReleaseDelay;
  lab.max_scale_changes_per_hour = lab::kMaxScaleChangesPerHour;
  lab.role_assignments = {{{.scope = "spoke", .actions = {"Microsoft.Network/*"}},
                           {.scope = hub + "/_", .actions = {"*"}},
                           {.scope = hub, .actions = {"microsoft.network/virtualnetworks/read"}}}};
  lab.server_farms["0-0"].location = lab.location;
  lab.server_farms["0-0"].hyper_v = true;
  lab.server_farms["plan"].reserved = false;
  lab.sites["0"].location = lab.location;
  lab.not_emulated = {
      {"serverFarms.0-0.zoneRedundant", "true"},
      {"sites.app-0.clientCertEnabled", "true"},
      {"virtualNetworks." + hub + ".enableDdosProtection", "true"},
      {"virtualNetworks.spoke.virtualNetworkPeerings." + hub + ".doNotVerifyRemoteGateways",
       "true"}};
}

lab::NetworkRule network_rule(int priority) {
  return {.priority = priority,
          .ip_protocols = {lab::NetworkRuleProtocol::kTcp, lab::NetworkRuleProtocol::kUdp},
          .source_addresses = {.ranges = {{ip("10.1.0.0").bits, ip("10.1.0.9").bits}},
                               .service_tags = {"VirtualNetwork"}},
          .destination_fqdns = {"machine.internal.cloudapp.net"},
          .destination_ports = PortSet({{0, 0}, {65535, 65535}})};
}

// As a next hop, with the appliance behind it and nothing to choose, and as a destination.
void add_load_balancer(lab::Lab& lab, const lab::SubnetRef& subnet, const std::string& table) {
  lab::LoadBalancer& balancer = lab.load_balancers["0_lb.of-A_"];
  balancer.frontend_ip_configurations["_"] = {subnet, ip("10.2.0.10")};
  balancer.frontend_ip_configurations["0.drop"] = {subnet, ip("10.2.0.11")};
  balancer.backend_address_pools["0"] = {{"0-nva"}};
  balancer.backend_address_pools["accept"] = {{"0-nva"}};
  balancer.load_balancing_rules["to"] = {.frontend_ip_configuration = "_",
                                         .backend_address_pool = "0",
                                         .protocol = lab::LoadBalancingProtocol::kAll};
  balancer.load_balancing_rules["0.drop_"] = {"0.drop", "accept", {}, 65534, 65535};
  lab.route_tables[table].routes["1"] = {.address_prefix = prefix("10.9.0.0/16"),
                                         .next_hop_type = lab::NextHopType::kVirtualAppliance,
                                         .next_hop_ip_address = ip("10.2.0.10")};
}

// A hub with an appliance between two networks, so that there is a transit link, and an app in
// both; names hold every character that Azure allows, at every place.
lab::Lab every_kind() {
  constexpr const char* kHub = "0.hub-of_A_";
  constexpr const char* kGroup = "_group.0-a";
  constexpr const char* kTable = "0table_";
  lab::Lab lab = smallest();
  lab::VirtualNetwork& spoke = lab.virtual_networks["spoke"];
  lab::VirtualNetwork hub{.location = lab.location, .address_prefixes = {prefix("10.2.0.0/16")}};
  hub.subnets["0.in-side_"] = {.address_prefixes = {prefix("10.2.0.0/24")}};
  hub.subnets["_"] = integration_subnet("10.2.1.0/24");
  hub.virtual_network_peerings["spoke"] = {.allow_forwarded_traffic = true};
  spoke.virtual_network_peerings[kHub] = {.allow_forwarded_traffic = true};
  spoke.subnets["apps"].network_security_group = kGroup;
  spoke.subnets["apps"].route_table = kTable;
  spoke.subnets["data"].network_security_group = kGroup;
  lab.virtual_networks[kHub] = hub;
  lab.hosts["0-nva"] = {
      .subnet = {{kHub, "0.in-side_"}},
      .ip_address = ip("10.2.0.4"),
      .enable_ip_forwarding = true,
      .masquerade = ip("20.61.0.10"),
      .stateful = true,
      .network_rules = {{"_", network_rule(100)}, {"0.drop", network_rule(65000)}}};
  lab.hosts["0"] = {.ip_address = ip("93.184.216.34"),
                    .listen = {{Protocol::kTcp, 80}, {Protocol::kUdp, 53}}};
  lab.hosts["machine"].application_security_groups = {"_a.s-g_"};
  lab.hosts["machine"].network_security_group = kGroup;
  lab.hosts["machine"].public_ip_address = "_pip.0-a";
  lab.public_ip_addresses["_pip.0-a"].ip_address = ip("20.61.0.13");
  lab.application_security_groups = {"_a.s-g_"};
  lab::SecurityRule to_group = rule(2);
  to_group.destination = {.application_security_groups = {"_a.s-g_"}};
  lab.network_security_groups[kGroup].security_rules = {
      {"_", rule(0)}, {"0.drop", rule(1)}, {"accept", to_group}};
  lab.route_tables[kTable].routes["0"] = {.address_prefix = Ipv4Prefix{},
                                          .next_hop_type = lab::NextHopType::kVirtualAppliance,
                                          .next_hop_ip_address = ip("10.2.0.4")};
  lab.public_ip_addresses["0.ip-of_A_"].ip_address = ip("20.61.0.11");
  lab.nat_gateways["_nat.0-a"].public_ip_addresses = {"0.ip-of_A_"};
  lab.virtual_networks[kHub].subnets["_"].nat_gateway = "_nat.0-a";
  lab.subscriptions["_sub.0-a"].quota_id = "PayAsYouGo_2014-09-01";
  lab.subscription = "_sub.0-a";
  lab.services["0-keys"] = {.type = "Microsoft.KeyVault/vaults",
                            .location = lab.location,
                            .ip_address = ip("20.61.0.12"),
                            .secrets = {{"-0-", {.value = "x"}}}};
  lab.certificates["_cert.0-a"] = {.key_vault = "0-keys", .key_vault_secret_name = "-0-"};
  lab.server_farms["plan"].capacity = 2;
  lab.server_farms["0-0"] = {};
  lab.sites["app-0"] = {.server_farm = "plan", .virtual_network_subnet = {{kHub, "_"}}};
  lab.sites["0"] = {.server_farm = "0-0", .virtual_network_subnet = {{"spoke", "apps"}}};
  lab.sites["app-0-0"] = {.server_farm = "plan", .slot_of = "app"};
  lab.hosts["0-all"] = {.address_prefixes = {Ipv4Prefix{}}, .listen = {{Protocol::kTcp, 443}}};
  add_load_balancer(lab, {kHub, "0.in-side_"}, kTable);
  add_services(lab, kHub, "0.in-side_");
  add_rights_and_delays(lab, kHub);
  return lab;
}

}  // namespace

BoundaryLab oddest_names() {
  return {"oddest names", every_kind()};
}

BoundaryLab longest_names() {
  return {"longest names", with_longest_names(every_kind())};
}

BoundaryLab longest_lists() {
  lab::Lab lab = smallest();
  lab::VirtualNetwork& spoke = lab.virtual_networks["spoke"];
  spoke.subnets["apps"].network_security_group = "group";
  spoke.subnets["apps"].route_table = "table";
  spoke.subnets["data"].network_security_group = "group";
  for (uint32_t i = 0; i < lab::kMaxDnsServers; ++i) {
    spoke.dns_servers.push_back({ip("10.1.1.4").bits + i});
  }
  for (size_t i = 0; i < lab::kMaxApplicationSecurityGroups; ++i) {
    lab.application_security_groups.insert(fmt::format("asg{:04}", i));
  }
  lab.network_security_groups["group"] = largest_group();
  lab.route_tables["table"] = largest_table();
  std::vector<Ipv4Prefix>& prefixes = lab.hosts["block"].address_prefixes;
  for (uint32_t i = 0; i < lab::kMaxHostPrefixes; ++i) {
    prefixes.push_back({{ip("9.0.0.0").bits + (i << 8U)}, 24});
  }
  lab::Host& machine = lab.hosts["machine"];
  machine.enable_ip_forwarding = true;
  machine.application_security_groups.assign(lab.application_security_groups.begin(),
                                             std::next(lab.application_security_groups.begin(),
                                                       lab::kMaxApplicationSecurityGroupsPerHost));
  for (size_t i = 0; i < lab::kMaxNetworkRules; ++i) {
    machine.network_rules[fmt::format("rule{:04}", i)] =
        network_rule(lab::kMinNetworkRulePriority + static_cast<int>(i));
  }
  machine.listen.clear();
  for (size_t i = 0; i < lab::kMaxListen; ++i) {
    const Protocol protocol = i % 2 == 0 ? Protocol::kTcp : Protocol::kUdp;
    machine.listen.push_back({protocol, static_cast<uint16_t>(80 + i)});
  }
  return {"longest lists", std::move(lab)};
}

BoundaryLab fullest_plan() {
  lab::Lab lab = smallest();
  lab.virtual_networks["spoke"].subnets["more-apps"] = integration_subnet("10.1.2.0/24");
  lab.sites.clear();
  for (size_t i = 0; i < lab::kMaxSitesPerPlan; ++i) {
    lab.sites[fmt::format("app{:03}", i)] = {
        .server_farm = "plan",
        .virtual_network_subnet = {{"spoke", i % 2 == 0 ? "apps" : "more-apps"}}};
  }
  return {"fullest plan", std::move(lab)};
}

BoundaryLab widest_plan() {
  lab::Lab lab = smallest();
  lab.server_farms["plan"].capacity = lab::kMaxCapacity;
  return {"widest plan", std::move(lab)};
}

BoundaryLab widest_wires() {
  lab::Lab lab = widest_plan().lab;
  lab::ServerFarm& plan = lab.server_farms["plan"];
  plan.interface = lab::IntegrationInterface::kTun;
  plan.impairment = lab::Impairment{.latency = lab::kMaxLatency,
                                    .jitter = lab::kMaxLatency,
                                    .loss = 1,
                                    .duplicate = 0.999999,
                                    .reorder = 0.000001,
                                    .rate = lab::kMaxRate - 1,
                                    .seed = lab::kMaxSeed};
  return {"widest wires", std::move(lab)};
}

BoundaryLab most_peerings() {
  lab::Lab lab = smallest();
  lab::VirtualNetwork& hub = lab.virtual_networks["spoke"];
  for (uint32_t i = 0; i < lab::kMaxPeerings; ++i) {
    const std::string name = fmt::format("peer{:03}", i);
    lab.virtual_networks[name] = {
        .location = lab.location,
        .address_prefixes = {Ipv4Prefix{{ip("11.0.0.0").bits + (i << 8U)}, 24}}};
    lab.virtual_networks[name].virtual_network_peerings["spoke"] = {};
    hub.virtual_network_peerings[name] = {};
  }
  return {"most peerings", std::move(lab)};
}

BoundaryLab most_names() {
  constexpr size_t kNames = 1'000;
  constexpr size_t kEndpoints = 100;
  lab::Lab lab = smallest();
  lab.services["sql"] = {
      .type = "Microsoft.Sql/servers", .location = lab.location, .ip_address = ip("20.1.1.1")};
  for (size_t i = 0; i < kEndpoints; ++i) {
    lab.private_endpoints[fmt::format("pe{:03}", i)] = {
        .subnet = {"spoke", "data"},
        .private_link_service = "sql",
        .group_ids = {"sqlServer"},
        .private_dns_zones = {"privatelink.database.windows.net"}};
  }
  for (const char* name : {"privatelink.database.windows.net", "corp.internal"}) {
    lab.private_dns_zones[name] = {.zone_name = name, .virtual_network_links = {{"spoke", {}}}};
  }
  const std::string label(63, 'n');  // four of them and the zone make 253
  for (size_t i = 0; i < kNames; ++i) {
    lab::RecordSet& set = lab.private_dns_zones["corp.internal"]
                              .record_sets[fmt::format("{:0>47}.{}.{}.{}", i, label, label, label)];
    for (uint32_t k = 0; k < lab::kMaxRecordsPerSet; ++k) {
      set.a.push_back({ip("10.1.1.4").bits + k});
    }
  }
  lab.public_dns.record_sets["text.example"].txt = {std::string(lab::kMaxTextRecord, 'x')};
  return {"most names", std::move(lab)};
}

// The largest pool, by a rule for all ports and one for a single one.
void add_largest_pool(lab::Lab& lab) {
  lab::LoadBalancer& balancer = lab.load_balancers["lb"];
  for (uint32_t i = 0; i < 2; ++i) {
    const std::string name = fmt::format("front{}", i);
    balancer.frontend_ip_configurations[name] = {{"spoke", "data"}, {ip("10.1.1.200").bits + i}};
    auto& hosts = balancer.backend_address_pools[name].backend_ip_configurations;
    for (uint32_t k = 0; k < lab::kMaxBackends; ++k) {
      const std::string host = fmt::format("nva{:02}", k);
      lab.hosts[host] = {.subnet = {{"spoke", "data"}},
                         .ip_address = {ip("10.1.1.100").bits + k},
                         .enable_ip_forwarding = true};
      hosts.push_back(host);
    }
    balancer.load_balancing_rules[name] = {.frontend_ip_configuration = name,
                                           .backend_address_pool = name};
  }
  balancer.load_balancing_rules["front0"].protocol = lab::LoadBalancingProtocol::kAll;
  balancer.load_balancing_rules["front1"].frontend_port = 443;
  lab.route_tables["table"].routes["all"] = {.address_prefix = Ipv4Prefix{},
                                             .next_hop_type = lab::NextHopType::kVirtualAppliance,
                                             .next_hop_ip_address = ip("10.1.1.200")};
  lab.virtual_networks["spoke"].subnets["apps"].route_table = "table";
}

BoundaryLab most_of_the_platform() {
  constexpr size_t kReferences = 100;
  lab::Lab lab = smallest();
  lab.nat_gateways["nat"] = {.idle_timeout_in_minutes = lab::kMaxNatIdleTimeout};
  for (uint32_t i = 0; i < lab::kMaxNatAddresses / 2; ++i) {
    const std::string name = fmt::format("ip{}", i);
    lab.public_ip_addresses[name].ip_address = {ip("20.62.0.0").bits + i};
    lab.nat_gateways["nat"].public_ip_addresses.push_back(name);
  }
  lab.nat_gateways["nat"].public_ip_prefixes = {prefix("20.62.1.0/29")};
  lab::VirtualNetwork& spoke = lab.virtual_networks["spoke"];
  spoke.flow_timeout_in_minutes = lab::kMaxFlowTimeout;
  spoke.subnets["apps"].nat_gateway = "nat";
  add_largest_pool(lab);
  lab.snat_ports = {.preallocated = lab::kMaxPreallocatedPorts,
                    .best_effort = lab::kPortsPerAddress - lab::kMaxPreallocatedPorts};
  lab.services["vault"] = {
      .type = "Microsoft.KeyVault/vaults", .location = lab.location, .ip_address = ip("20.1.1.1")};
  lab::Site& app = lab.sites["app"];
  app.identity = lab::IdentityType::kSystemAssignedUserAssigned;
  app.vnet_private_ports_count = lab::kMaxPrivatePorts;
  for (size_t i = 0; i < kReferences; ++i) {
    const std::string name = fmt::format("{:03}{}", i, std::string(lab::kMaxSecretName - 3, 's'));
    lab.services["vault"].secrets[name].value = std::string(100, 'v');
    app.app_settings[fmt::format("SECRET{}", i)] = fmt::format(
        "@Microsoft.KeyVault(SecretUri=https://vault.vault.azure.net/secrets/{})", name);
  }
  return {"most of the platform", std::move(lab)};
}

std::vector<BoundaryLab> boundary_labs() {
  std::vector<BoundaryLab> all{oddest_names(), longest_names()};
  for (BoundaryLab& plain :
       std::vector<BoundaryLab>{longest_lists(), fullest_plan(), widest_plan(), widest_wires(),
                                most_peerings(), most_names(), most_of_the_platform()}) {
    all.push_back({plain.name + " under longest names", with_longest_names(plain.lab)});
    all.push_back(std::move(plain));
  }
  return all;
}

}  // namespace egress::testing_support
