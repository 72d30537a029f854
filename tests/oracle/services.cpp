// SPDX-License-Identifier: MIT
#include "tests/oracle/services.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "lab/service_types.hpp"
#include "policy/endpoints.hpp"
#include "tests/oracle/random_lists.hpp"
#include "tests/support/values.hpp"

namespace egress::oracle {
namespace {

using testing_support::ip;
using testing_support::prefix;

using lab::Lab;

// In the tags of the generator, in none, and in space that a network may have for its own.
const std::vector<const char*> kAddresses = {"20.60.8.77",    "52.239.100.9", "40.68.37.77",
                                             "13.69.64.75",   "20.60.7.200",  "51.10.3.9",
                                             "93.184.216.99", "104.40.5.5",   "20.60.9.10"};

const std::vector<const char*> kEndpointServices = {"Microsoft.Storage", "Microsoft.Storage",
                                                    "Microsoft.Sql", "Microsoft.Storage.Global",
                                                    "Microsoft.KeyVault"};

const std::vector<lab::PrivateEndpointNetworkPolicies> kPolicies = {
    lab::PrivateEndpointNetworkPolicies::kDisabled, lab::PrivateEndpointNetworkPolicies::kEnabled,
    lab::PrivateEndpointNetworkPolicies::kNetworkSecurityGroupEnabled,
    lab::PrivateEndpointNetworkPolicies::kRouteTableEnabled};

const std::vector<lab::EndpointStatus> kStatuses = {
    lab::EndpointStatus::kApproved, lab::EndpointStatus::kPending, lab::EndpointStatus::kRejected,
    lab::EndpointStatus::kDisconnected};

std::vector<lab::SubnetRef> subnets(const Lab& lab, bool integration) {
  std::vector<lab::SubnetRef> found;
  for (const auto& [vnet, network] : lab.virtual_networks) {
    for (const auto& [name, subnet] : network.subnets) {
      if (lab::is_integration_subnet(subnet) == integration) found.push_back({vnet, name});
    }
  }
  return found;
}

lab::Subnet& at(Lab& lab, const lab::SubnetRef& ref) {
  return lab.virtual_networks.at(ref.vnet).subnets.at(ref.subnet);
}

// Who stands for what private endpoints lead to.
std::vector<std::string> endpoint_targets(const Lab& lab) {
  std::vector<std::string> targets;
  for (const auto& [name, service] : lab.services) targets.push_back(name);
  return targets;
}

class ServiceMaker {
 public:
  ServiceMaker(Lab& lab, Random& random) : lab_(lab), random_(random) {}

  void make(uint64_t seed) {
    add_services();
    for (const bool integration : {true, false}) {
      for (const lab::SubnetRef& ref : subnets(lab_, integration)) {
        if (random_.chance(integration ? 55 : 25)) at(lab_, ref).service_endpoints = endpoints();
      }
    }
    const uint32_t count = random_.below(6);
    for (uint32_t i = 0; i < count; ++i) add_private_endpoint(fmt::format("pe{}", i));
    Pool pool = pool_of(lab_, seed);
    pool.prefixes = aims();
    for (auto& [name, table] : lab_.route_tables) aim(table, pool);
    for (auto& [name, group] : lab_.network_security_groups) aim(group, pool);
  }

  std::vector<lab::ServiceEndpoint> endpoints() {
    std::vector<lab::ServiceEndpoint> made;
    const uint32_t count = 1 + random_.below(2);
    for (uint32_t i = 0; i < count; ++i) {
      lab::ServiceEndpoint endpoint{.service = random_.pick(kEndpointServices)};
      const uint32_t where = random_.below(100);
      if (where < 15) endpoint.locations = {"*"};
      if (where >= 15 && where < 30) endpoint.locations = {"northeurope"};
      if (where >= 30 && where < 40) endpoint.locations = {"northeurope", "westeurope"};
      const bool known = std::any_of(made.begin(), made.end(), [&](const auto& other) {
        return other.service == endpoint.service;
      });
      if (!known) made.push_back(endpoint);
    }
    return made;
  }

  std::optional<lab::NetworkAcls> acls() {
    if (random_.chance(30)) return std::nullopt;
    lab::NetworkAcls made;
    if (random_.chance(70)) made.default_action = lab::Access::kDeny;
    std::vector<Ipv4Prefix> sources = {prefix("20.61.0.0/24"), prefix("51.10.0.0/16"),
                                       prefix("203.0.113.0/24")};
    for (const Ipv4Address outbound : lab::outbound_addresses(lab_)) {
      sources.push_back(Ipv4Prefix::host(outbound));
    }
    const uint32_t rules = random_.below(3);
    for (uint32_t i = 0; i < rules; ++i) made.ip_rules.push_back(random_.pick(sources));
    const std::vector<lab::SubnetRef> joined = subnets(lab_, true);
    const std::vector<lab::SubnetRef> others = subnets(lab_, false);
    if (random_.chance(60)) made.virtual_network_rules = {random_.pick(joined)};
    if (!others.empty() && random_.chance(30)) {
      made.virtual_network_rules.push_back(random_.pick(others));
    }
    if (random_.chance(20)) made.bypass = {"AzureServices"};
    return made;
  }

  void add_private_endpoint(const std::string& name) {
    const std::vector<lab::SubnetRef> places = subnets(lab_, false);
    const std::vector<std::string> targets = endpoint_targets(lab_);
    if (places.empty() || targets.empty()) return;
    lab::PrivateEndpoint endpoint{.subnet = random_.pick(places),
                                  .private_link_service = random_.pick(targets)};
    endpoint.group_ids = groups(*lab::profile_behind(lab_, endpoint));
    if (random_.chance(50)) endpoint.ip_address = free_address(endpoint.subnet);
    if (random_.chance(25)) endpoint.status = random_.pick(kStatuses);
    at(lab_, endpoint.subnet).private_endpoint_network_policies = random_.pick(kPolicies);
    if (random_.chance(40)) {
      lab_.virtual_networks.at(endpoint.subnet.vnet).private_endpoint_vnet_policies =
          lab::PrivateEndpointVnetPolicies::kBasic;
    }
    lab_.private_endpoints[name] = std::move(endpoint);
  }

 private:
  void add_services() {
    const uint32_t count = 1 + random_.below(4);
    const uint32_t first = random_.below(static_cast<uint32_t>(kAddresses.size()));
    for (uint32_t i = 0; i < count; ++i) {
      const std::string name = fmt::format("svc{}", i);
      lab::Service service = some_service(name);
      service.location = random_.chance(70) ? lab_.location : "northeurope";
      service.ip_address = ip(kAddresses[(first + i) % kAddresses.size()]);
      if (random_.chance(15)) service.public_network_access = lab::PublicNetworkAccess::kDisabled;
      service.network_acls = acls();
      lab_.services[name] = std::move(service);
    }
  }

  lab::Service some_service(const std::string& name) {
    const std::vector<Port> own = {{Protocol::kTcp, 443}, {Protocol::kUdp, 53}};
    const uint32_t kind = random_.below(100);
    if (kind < 12) return {.names = {name + ".blob.core.windows.net"}, .listen = own};
    if (kind < 24)
      return {.names = {name + ".example.com", name + ".corp.internal"}, .listen = own};
    if (kind < 30) {
      return {.type = "Contoso.Things/boxes",
              .names = {name + ".example.com"},
              .listen = own,
              .service_tag = "Storage"};
    }
    static const std::vector<const char*> kTypes = {
        "Microsoft.Storage/storageAccounts", "Microsoft.Storage/storageAccounts",
        "Microsoft.Storage/storageAccounts", "Microsoft.Sql/servers",
        "Microsoft.KeyVault/vaults",         "Microsoft.ContainerRegistry/registries",
        "Microsoft.EventHub/namespaces"};
    lab::Service service{.type = random_.pick(kTypes)};
    if (random_.chance(20)) service.listen = own;
    if (random_.chance(10)) service.service_tag = "Sql";
    return service;
  }

  std::vector<std::string> groups(const lab::ServiceProfile& profile) {
    if (profile.type == nullptr) return {};
    const auto& known = profile.type->groups;
    if (known.size() == 1 && random_.chance(50)) return {};
    std::set<std::string> chosen = {random_.pick(known).id};
    if (random_.chance(20)) chosen.insert(random_.pick(known).id);
    return {chosen.begin(), chosen.end()};
  }

  // None when it happens to be somebody's.
  std::optional<Ipv4Address> free_address(const lab::SubnetRef& ref) {
    const auto range = lab::usable_range(random_.pick(lab_.find(ref)->address_prefixes));
    if (!range) return std::nullopt;
    const uint32_t size = range->last - range->first + 1;
    const Ipv4Address address{range->first + random_.below(std::min(size, 24U))};
    for (const auto& [name, host] : lab_.hosts) {
      if (host.subnet && host.subnet->vnet == ref.vnet && host.ip_address == address) return {};
    }
    for (const auto& [name, endpoint] : lab_.private_endpoints) {
      if (endpoint.subnet.vnet == ref.vnet && endpoint.ip_address == address) return {};
    }
    return address;
  }

  std::vector<Ipv4Prefix> aims() {
    std::vector<Ipv4Prefix> all = {prefix("168.63.129.16/32"), prefix("169.254.169.254/32"),
                                   prefix("20.60.0.0/16"), prefix("20.60.8.0/21"),
                                   prefix("40.68.37.0/24")};
    for (const auto& [name, service] : lab_.services) {
      all.push_back(Ipv4Prefix::host(service.ip_address));
      Ipv4Prefix around{service.ip_address, static_cast<uint8_t>(16 + random_.below(16))};
      around.address.bits &= around.mask();
      all.push_back(around);
    }
    for (const auto& [name, address] : policy::endpoint_addresses(lab_)) {
      const lab::SubnetRef& ref = lab_.private_endpoints.at(name).subnet;
      const lab::Subnet& subnet = *lab_.find(ref);
      all.insert(all.end(), 2, Ipv4Prefix::host(address));
      all.insert(all.end(), subnet.address_prefixes.begin(), subnet.address_prefixes.end());
      for (const Ipv4Prefix& space : lab_.virtual_networks.at(ref.vnet).address_prefixes) {
        if (space.contains(address)) all.push_back(space);
      }
    }
    return all;
  }

  void aim(lab::RouteTable& table, const Pool& pool) {
    if (random_.chance(40)) return;
    size_t number = 0;
    for (const auto& [name, route] : random_route_table(random_, pool).routes) {
      const bool known = std::any_of(table.routes.begin(), table.routes.end(),
                                     [&, &route = route](const auto& entry) {
                                       return entry.second.address_prefix == route.address_prefix &&
                                              entry.second.service_tag == route.service_tag;
                                     });
      if (!known) table.routes[fmt::format("aimed{}", number++)] = route;
    }
  }

  void aim(lab::NetworkSecurityGroup& group, const Pool& pool) {
    if (random_.chance(50)) return;
    constexpr size_t kMost = 4;
    std::vector<lab::SecurityRule> rules;
    for (const auto& [name, rule] : random_security_group(random_, pool).security_rules) {
      if (rules.size() < kMost) rules.push_back(rule);
    }
    if (random_.chance(40)) rules.push_back(about_the_platform());
    size_t number = 0;
    for (lab::SecurityRule& rule : rules) {
      const bool taken = std::any_of(group.security_rules.begin(), group.security_rules.end(),
                                     [&](const auto& entry) {
                                       return entry.second.direction == rule.direction &&
                                              entry.second.priority == rule.priority;
                                     });
      if (!taken) group.security_rules[fmt::format("aimed{}", number++)] = std::move(rule);
    }
  }

  lab::SecurityRule about_the_platform() {
    static const std::vector<std::string> kTags = {"AzurePlatformDNS", "AzurePlatformDNS",
                                                   "AzurePlatformIMDS"};
    return {.priority = 100 + static_cast<int>(random_.below(3997)),
            .access = random_.chance(60) ? lab::Access::kDeny : lab::Access::kAllow,
            .protocol = random_.chance(50) ? lab::SecurityRuleProtocol::kAny
                                           : lab::SecurityRuleProtocol::kUdp,
            .source = {.any = true},
            .destination = {.service_tag = random_.pick(kTags)},
            .source_ports = PortSet::all(),
            .destination_ports = PortSet::all()};
  }

  Lab& lab_;
  Random& random_;
};

void remove_a_service(Lab& lab, Random& random) {
  const auto gone =
      std::next(lab.services.begin(), random.below(static_cast<uint32_t>(lab.services.size())));
  std::erase_if(lab.private_endpoints, [&](const auto& entry) {
    return entry.second.private_link_service == gone->first;
  });
  lab.services.erase(gone);
}

void change_a_service(Lab& lab, Random& random) {
  lab::Service& service = random.any_of(lab.services);
  switch (random.below(4)) {
    case 0: service.network_acls = ServiceMaker(lab, random).acls(); break;
    case 1:
      service.public_network_access = random.chance(50) ? lab::PublicNetworkAccess::kDisabled
                                                        : lab::PublicNetworkAccess::kEnabled;
      break;
    case 2: service.listen = {{Protocol::kTcp, 443}, {Protocol::kTcp, 8080}}; break;
    default: remove_a_service(lab, random);
  }
}

void change_a_private_endpoint(Lab& lab, Random& random) {
  if (lab.private_endpoints.empty()) return;
  lab::PrivateEndpoint& endpoint = random.any_of(lab.private_endpoints);
  switch (random.below(4)) {
    case 0: endpoint.status = random.pick(kStatuses); break;
    case 1:
      at(lab, endpoint.subnet).private_endpoint_network_policies = random.pick(kPolicies);
      break;
    case 2: endpoint.ip_address.reset(); break;
    default: lab.private_endpoints.erase(lab.private_endpoints.begin());
  }
}

}  // namespace

void add_services(Lab& lab, Random& random, uint64_t seed) {
  ServiceMaker(lab, random).make(seed);
}

void change_services(Lab& lab, Random& random) {
  switch (random.below(5)) {
    case 0:
      if (!lab.services.empty()) change_a_service(lab, random);
      break;
    case 1: {
      auto& endpoints =
          random.any_of(random.any_of(lab.virtual_networks).subnets).service_endpoints;
      endpoints = endpoints.empty() ? ServiceMaker(lab, random).endpoints()
                                    : std::vector<lab::ServiceEndpoint>{};
      break;
    }
    case 2: ServiceMaker(lab, random).add_private_endpoint("new"); break;
    case 3: change_a_private_endpoint(lab, random); break;
    default: {
      auto& policies = random.any_of(lab.virtual_networks).private_endpoint_vnet_policies;
      policies = policies == lab::PrivateEndpointVnetPolicies::kBasic
                     ? lab::PrivateEndpointVnetPolicies::kDisabled
                     : lab::PrivateEndpointVnetPolicies::kBasic;
    }
  }
}

}  // namespace egress::oracle
