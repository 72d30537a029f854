// SPDX-License-Identifier: MIT
#include "policy/explain.hpp"
#include "policy/resolve_name.hpp"
#include "tests/unit/policy/policy_test.hpp"

namespace egress::policy::test {
namespace {

using lab::Verdict;
using testing::ElementsAre;
using testing::HasSubstr;

lab::Lab machines_lab(const std::string& change = "{}") {
  lab::Lab lab = lab_from(R"(
location: westeurope
outboundIpAddresses: [20.50.1.4]
virtualNetworks:
  vnet:
    addressPrefixes: [10.0.0.0/16]
    subnets:
      apps: {addressPrefix: 10.0.1.0/26, delegations: [Microsoft.Web/serverFarms]}
      clients: {addressPrefix: 10.0.2.0/24, networkSecurityGroup: clients}
      data: {addressPrefix: 10.0.3.0/24}
      GatewaySubnet: {addressPrefix: 10.0.255.0/27}
networkSecurityGroups:
  clients:
    securityRules:
      no-sql:
        {priority: 100, direction: Outbound, access: Deny, protocol: Tcp, sourceAddressPrefix: "*",
         sourcePortRange: "*", destinationAddressPrefix: "*", destinationPortRange: "1433"}
virtualNetworkGateways: {vpn: {virtualNetwork: vnet, connections: {office: {}}}}
onPremises: {office: {localNetworkAddressSpace: [192.168.10.0/24]}}
serverFarms: {plan: {}}
sites: {web: {serverFarm: plan, virtualNetworkSubnet: vnet/apps}}
hosts:
  jump: {subnet: vnet/clients, ipAddress: 10.0.2.4}
  db: {subnet: vnet/data, ipAddress: 10.0.3.4, listen: [tcp/1433, tcp/443]}
  www: {internet: true, ipAddress: 93.184.216.34, listen: [tcp/443]}
  world: {internet: true, addressPrefixes: [142.250.0.0/16]}
  ledger: {onPremises: office, ipAddress: 192.168.10.5, listen: [tcp/443]}
)");
  return with(lab, change);
}

Result<Explanation> from(const std::string& host, const char* to, uint16_t port) {
  const auto network = analyse({.lab = machines_lab(), .leases = {}});
  return explain(*network, Sender{.host = host},
                 {.destination = Ipv4Address::parse(to).value(), .destination_port = port});
}

TEST(Machines, SendByTheListOfTheirOwnSubnet) {
  const auto denied = from("jump", "10.0.3.4", 1433);
  ASSERT_TRUE(denied.ok());
  EXPECT_EQ(denied->verdict, Verdict::kDeny);
  EXPECT_EQ(denied->decided_by.name, "clients/no-sql");
  EXPECT_EQ(denied->sender.to_string(), "host/jump");
  const auto allowed = from("JUMP", "10.0.3.4", 443);
  ASSERT_TRUE(allowed.ok());
  EXPECT_EQ(allowed->verdict, Verdict::kAllow);
  EXPECT_THAT(allowed->sources, ElementsAre(Ipv4Address::parse("10.0.2.4").value()));
  EXPECT_EQ(allowed->sees, "connects");
}

TEST(Machines, OnTheInternetSendDirectly) {
  const auto explained = from("world", "93.184.216.34", 443);
  ASSERT_TRUE(explained.ok());
  EXPECT_EQ(explained->path, lab::Path::kDirect);
  EXPECT_THAT(explained->sources, ElementsAre(Ipv4Address::parse("142.250.0.0").value()));
}

TEST(Machines, SendNothingToThemselves) {
  for (const auto& [host, own] : {std::pair{"jump", "10.0.2.4"}, std::pair{"www", "93.184.216.34"},
                                  std::pair{"world", "142.250.7.7"}}) {
    const auto explained = from(host, own, 443);
    ASSERT_FALSE(explained.ok()) << host;
    EXPECT_EQ(explained.error().code, Errc::kInvalid);
    EXPECT_THAT(explained.error().message, HasSubstr("never leave"));
  }
}

TEST(Machines, OnPremisesSendByTheRoutesOfTheirNetwork) {
  const auto allowed = from("ledger", "10.0.3.4", 443);
  ASSERT_TRUE(allowed.ok());
  EXPECT_EQ(allowed->verdict, Verdict::kAllow);
  EXPECT_EQ(allowed->path, lab::Path::kVirtualNetwork);
  EXPECT_THAT(allowed->sources, ElementsAre(Ipv4Address::parse("192.168.10.5").value()));
  EXPECT_EQ(allowed->sees, "connects");
  const auto nowhere = from("ledger", "93.184.216.34", 443);
  ASSERT_TRUE(nowhere.ok());
  EXPECT_EQ(nowhere->verdict, Verdict::kNoRoute);
  const auto own = from("ledger", "192.168.10.5", 443);
  ASSERT_FALSE(own.ok());
  EXPECT_THAT(own.error().message, HasSubstr("never leave"));
}

TEST(Machines, ThatAreUnknownDoNotBeginFlows) {
  const auto unknown = from("nobody", "10.0.3.4", 443);
  ASSERT_FALSE(unknown.ok());
  EXPECT_EQ(unknown.error().code, Errc::kNotFound);
}

TEST(Machines, AskTheServersOfTheirNetwork) {
  const auto network = analyse({.lab = machines_lab(), .leases = {}});
  const auto db = resolve_name(*network, Sender{.host = "jump"}, "db");
  ASSERT_TRUE(db.ok());
  EXPECT_THAT(db->addresses, ElementsAre(Ipv4Address::parse("10.0.3.4").value()));
  EXPECT_EQ(db->settings.decided_by, "Azure DNS");
  for (const char* host : {"www", "ledger"}) {
    const auto nowhere = resolve_name(*network, Sender{.host = host}, "db");
    ASSERT_FALSE(nowhere.ok()) << host;
    EXPECT_THAT(nowhere.error().message, HasSubstr("no DNS servers"));
  }
}

TEST(Machines, AskTheirOwnServersInTurn) {
  const auto network =
      analyse({.lab = machines_lab("virtualNetworks: {vnet: {dnsServers: [10.0.3.9, 10.0.3.4]}}"),
               .leases = {}});
  const auto lost = resolve_name(*network, Sender{.host = "jump"}, "db");
  ASSERT_TRUE(lost.ok());
  EXPECT_EQ(lost->servers.size(), 2U);
  EXPECT_EQ(lost->settings.decided_by, "virtualNetworks.vnet.dnsServers");
  EXPECT_TRUE(lost->addresses.empty());
}

}  // namespace
}  // namespace egress::policy::test
