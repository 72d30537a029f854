// SPDX-License-Identifier: MIT
#include "policy/sandbox.hpp"

#include "ipam/leases.hpp"
#include "policy/explain.hpp"
#include "tests/unit/policy/policy_test.hpp"

namespace egress::policy::test {
namespace {

using lab::Verdict;
using testing::HasSubstr;

const char* const kSandboxes = R"(
outboundIpAddresses: [20.50.1.4]
virtualNetworks:
  vnet:
    addressPrefixes: [10.0.0.0/16]
    subnets:
      apps: {addressPrefix: 10.0.1.0/26, delegations: [Microsoft.Web/serverFarms]}
      data: {addressPrefix: 10.0.2.0/24}
serverFarms: {windows: {reserved: false}, linux: {}, containers: {reserved: false, hyperV: true}}
sites:
  inside: {serverFarm: windows, virtualNetworkSubnet: vnet/apps}
  outside: {serverFarm: windows}
  linux: {serverFarm: linux, virtualNetworkSubnet: vnet/apps}
  container: {serverFarm: containers, virtualNetworkSubnet: vnet/apps}
hosts:
  files: {subnet: vnet/data, ipAddress: 10.0.2.4, listen: [tcp/445, tcp/443]}
)";

Explanation from(const lab::Sender& sender, const char* to, uint16_t port,
                 Protocol protocol = Protocol::kTcp) {
  const lab::Lab lab = lab_from(kSandboxes);
  const auto network = analyse({.lab = lab, .leases = ipam::first_addresses(lab).value()});
  return explain(*network, sender,
                 {.protocol = protocol,
                  .destination = Ipv4Address::parse(to).value(),
                  .destination_port = port})
      .value();
}

TEST(Sandbox, RefusesItsPortsAtOnceForEveryAddress) {
  for (const auto& [to, port] : {std::pair{"10.0.2.4", 445}, std::pair{"93.184.216.34", 139}}) {
    const Explanation explanation = from({"inside", 0}, to, static_cast<uint16_t>(port));
    EXPECT_EQ(explanation.verdict, Verdict::kDrop) << to;
    EXPECT_EQ(explanation.sees, "refused at once");
    EXPECT_EQ(explanation.decided_by.name, "sandbox");
  }
  EXPECT_EQ(from({"inside", 0}, "10.0.2.4", 443).verdict, Verdict::kAllow);
}

TEST(Sandbox, HasNoRawSockets) {
  const Explanation explanation = from({"inside", 0}, "10.0.2.4", 0, Protocol::kIcmp);
  EXPECT_EQ(explanation.verdict, Verdict::kDrop);
  EXPECT_EQ(explanation.sees, "no answer");
}

TEST(Sandbox, KeepsAppsWithoutIntegrationFromPrivateRanges) {
  for (const char* to : {"10.0.2.4", "100.1.2.3", "172.16.0.1", "192.168.1.1"}) {
    EXPECT_EQ(from({"outside", 0}, to, 443).sees, "refused at once") << to;
  }
  EXPECT_NE(from({"outside", 0}, "93.184.216.34", 443).decided_by.name, "sandbox");
}

TEST(Sandbox, IsOfTheApplicationOnWindowsAlone) {
  EXPECT_EQ(from({"linux", 0}, "10.0.2.4", 445).verdict, Verdict::kAllow);
  EXPECT_EQ(from({"container", 0}, "10.0.2.4", 445).verdict, Verdict::kAllow);
  const lab::Sender share{"inside", 0, lab::TrafficClass::kContentShare};
  EXPECT_NE(from(share, "10.0.2.4", 445).decided_by.name, "sandbox");
}

}  // namespace
}  // namespace egress::policy::test
