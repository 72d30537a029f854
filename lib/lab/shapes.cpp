// SPDX-License-Identifier: MIT
#include "lab/shapes.hpp"

#include <algorithm>

#include "base/result.hpp"
#include "lab/suggest.hpp"

namespace egress::lab {
namespace {

constexpr bool kRequired = true;

std::vector<std::string> sku_names() {
  std::vector<std::string> names;
  for (const Sku& sku : skus()) {
    if (sku.integrates) names.push_back(sku.name);
  }
  for (const Sku& sku : skus()) {
    if (!sku.integrates && sku.tier != "Isolated") names.push_back(sku.name);
  }
  return names;
}

std::vector<Shape> network_shapes() {
  return {
      {ShapeId::kVirtualNetwork,
       "virtualNetwork",
       {{"location"},
        {"addressPrefixes", kRequired},
        {"dnsServers"},
        {"subnets"},
        {"virtualNetworkPeerings"}}},
      {ShapeId::kSubnet,
       "subnet",
       {{"addressPrefix"},
        {"addressPrefixes"},
        {"delegations"},
        {"networkSecurityGroup"},
        {"routeTable"},
        {"natGateway"},
        {"serviceEndpoints", !kRequired, service_endpoint_names()}}},
      {ShapeId::kVirtualNetworkPeering,
       "virtualNetworkPeering",
       {{"allowVirtualNetworkAccess"}, {"allowForwardedTraffic"}}},
  };
}

std::vector<Shape> policy_shapes() {
  return {
      {ShapeId::kNetworkSecurityGroup, "networkSecurityGroup", {{"securityRules"}}},
      {ShapeId::kSecurityRule,
       "securityRule",
       {{"description"},
        {"priority", kRequired},
        {"direction", kRequired, words_of(directions())},
        {"access", kRequired, words_of(accesses())},
        {"protocol", kRequired, words_of(protocols())},
        {"sourceAddressPrefix"},
        {"sourceAddressPrefixes"},
        {"sourceApplicationSecurityGroups"},
        {"sourcePortRange"},
        {"sourcePortRanges"},
        {"destinationAddressPrefix"},
        {"destinationAddressPrefixes"},
        {"destinationApplicationSecurityGroups"},
        {"destinationPortRange"},
        {"destinationPortRanges"}}},
      {ShapeId::kRouteTable, "routeTable", {{"routes"}}},
      {ShapeId::kRoute,
       "route",
       {{"addressPrefix", kRequired},
        {"nextHopType", kRequired, words_of(next_hop_types())},
        {"nextHopIpAddress"}}},
      {ShapeId::kApplicationSecurityGroup, "applicationSecurityGroup", {}},
  };
}

std::vector<Shape> web_shapes() {
  return {
      {ShapeId::kServerFarm, "serverFarm", {{"sku", !kRequired, sku_names()}, {"capacity"}}},
      {ShapeId::kSite,
       "site",
       {{"serverFarm", kRequired},
        {"virtualNetworkSubnet"},
        {"outboundVnetRouting"},
        {"vnetRouteAllEnabled"},
        {"vnetContentShareEnabled"},
        {"vnetImagePullEnabled"},
        {"vnetBackupRestoreEnabled"},
        {"appSettings"}}},
      {ShapeId::kOutboundVnetRouting,
       "outboundVnetRouting",
       {{"allTraffic"},
        {"applicationTraffic"},
        {"contentShareTraffic"},
        {"imagePullTraffic"},
        {"backupRestoreTraffic"},
        {"managedIdentityTraffic"}}},
      {ShapeId::kHost,
       "host",
       {{"subnet"},
        {"internet"},
        {"ipAddress", kRequired},
        {"names"},
        {"listen"},
        {"enableIPForwarding"},
        {"masquerade"},
        {"applicationSecurityGroups"}}},
      {ShapeId::kExpectation,
       "expectation",
       {{"from", kRequired},
        {"to", kRequired},
        {"expect", kRequired, words_of(verdicts())},
        {"by"},
        {"via", !kRequired, words_of(paths())},
        {"source"}}},
  };
}

std::vector<Shape> make_shapes() {
  std::vector<Shape> all = {{ShapeId::kLab,
                             "lab",
                             {{"location"},
                              {"outboundIpAddresses"},
                              {"addressAllocation", !kRequired, words_of(address_allocations())},
                              {"serviceTags"},
                              {"virtualNetworks"},
                              {"networkSecurityGroups"},
                              {"routeTables"},
                              {"applicationSecurityGroups"},
                              {"serverFarms"},
                              {"sites"},
                              {"hosts"},
                              {"expectations"}}}};
  for (auto part : {network_shapes(), policy_shapes(), web_shapes()}) {
    all.insert(all.end(), part.begin(), part.end());
  }
  return all;
}

template <typename T>
std::vector<Spelling<T>> spelled(std::initializer_list<T> values) {
  std::vector<Spelling<T>> spellings;
  for (const T value : values) spellings.push_back({name_of(value), value});
  return spellings;
}

void add_skus(std::vector<Sku>& all, const char* tier, std::initializer_list<const char*> names,
              bool integrates) {
  for (const char* name : names) all.push_back({name, tier, integrates});
}

std::vector<Sku> make_skus() {
  std::vector<Sku> all;
  add_skus(all, "Basic", {"B1", "B2", "B3"}, true);
  add_skus(all, "Standard", {"S1", "S2", "S3"}, true);
  add_skus(all, "PremiumV2", {"P1v2", "P2v2", "P3v2"}, true);
  add_skus(all, "PremiumV3", {"P0v3", "P1v3", "P2v3", "P3v3"}, true);
  add_skus(all, "PremiumMV3", {"P1mv3", "P2mv3", "P3mv3", "P4mv3", "P5mv3"}, true);
  add_skus(all, "PremiumV4", {"P0v4", "P1v4", "P2v4", "P3v4"}, true);
  add_skus(all, "PremiumMV4", {"P1mv4", "P2mv4", "P3mv4", "P4mv4", "P5mv4"}, true);
  add_skus(all, "ElasticPremium", {"EP1", "EP2", "EP3"}, true);
  add_skus(all, "Free", {"F1", "Free"}, false);
  add_skus(all, "Shared", {"D1", "Shared"}, false);
  add_skus(all, "Isolated", {"I1", "I2", "I3"}, false);
  add_skus(all, "Isolated", {"I1v2", "I2v2", "I3v2", "I4v2", "I5v2", "I6v2"}, false);
  add_skus(all, "Isolated", {"I1mv2", "I2mv2", "I3mv2", "I4mv2", "I5mv2"}, false);
  return all;
}

}  // namespace

const Key* Shape::find(const std::string& key) const {
  const auto found =
      std::find_if(keys.begin(), keys.end(), [&](const Key& known) { return known.name == key; });
  return found == keys.end() ? nullptr : &*found;
}

std::vector<std::string> Shape::key_names() const {
  std::vector<std::string> names;
  for (const Key& key : keys) names.push_back(key.name);
  return names;
}

const std::vector<Shape>& shapes() {
  static const std::vector<Shape> all = make_shapes();
  return all;
}

const Shape& shape_of(ShapeId id) {
  const auto found = std::find_if(shapes().begin(), shapes().end(),
                                  [&](const Shape& shape) { return shape.id == id; });
  EG_CHECK(found != shapes().end(), "every shape is listed");
  return *found;
}

const std::vector<Spelling<Direction>>& directions() {
  static const auto all = spelled({Direction::kInbound, Direction::kOutbound});
  return all;
}

const std::vector<Spelling<Access>>& accesses() {
  static const auto all = spelled({Access::kAllow, Access::kDeny});
  return all;
}

const std::vector<Spelling<SecurityRuleProtocol>>& protocols() {
  static const auto all =
      spelled({SecurityRuleProtocol::kTcp, SecurityRuleProtocol::kUdp, SecurityRuleProtocol::kIcmp,
               SecurityRuleProtocol::kEsp, SecurityRuleProtocol::kAh, SecurityRuleProtocol::kAny});
  return all;
}

const std::vector<Spelling<NextHopType>>& next_hop_types() {
  static const auto all =
      spelled({NextHopType::kVirtualNetworkGateway, NextHopType::kVnetLocal, NextHopType::kInternet,
               NextHopType::kVirtualAppliance, NextHopType::kNone});
  return all;
}

const std::vector<Spelling<AddressAllocation>>& address_allocations() {
  static const std::vector<Spelling<AddressAllocation>> all = {
      {"lowest", AddressAllocation::kLowest}, {"highest", AddressAllocation::kHighest}};
  return all;
}

const std::vector<Spelling<Verdict>>& verdicts() {
  static const std::vector<Spelling<Verdict>> all = {{"allow", Verdict::kAllow},
                                                     {"deny", Verdict::kDeny},
                                                     {"drop", Verdict::kDrop},
                                                     {"noroute", Verdict::kNoRoute}};
  return all;
}

const std::vector<Spelling<Path>>& paths() {
  static const auto all = spelled({Path::kDirect, Path::kVirtualNetwork});
  return all;
}

const std::vector<Sku>& skus() {
  static const std::vector<Sku> all = make_skus();
  return all;
}

const Sku* find_sku(const std::string& name) {
  const auto found = std::find_if(skus().begin(), skus().end(), [&](const Sku& sku) {
    return equal_ignoring_case(sku.name, name);
  });
  return found == skus().end() ? nullptr : &*found;
}

const std::vector<std::string>& service_endpoint_names() {
  static const std::vector<std::string> all = {"Microsoft.AzureActiveDirectory",
                                               "Microsoft.AzureCosmosDB",
                                               "Microsoft.CognitiveServices",
                                               "Microsoft.ContainerRegistry",
                                               "Microsoft.EventHub",
                                               "Microsoft.KeyVault",
                                               "Microsoft.ServiceBus",
                                               "Microsoft.Sql",
                                               "Microsoft.Storage",
                                               "Microsoft.Storage.Global",
                                               "Microsoft.Web"};
  return all;
}

const std::vector<std::string>& reserved_keys() {
  static const std::vector<std::string> all = {
      "natGateways", "privateEndpoints", "privateDnsZones", "publicDns",   "virtualNetworkGateways",
      "onPremises",  "services",         "subscriptions",   "attachments", "clock"};
  return all;
}

}  // namespace egress::lab
