// SPDX-License-Identifier: MIT
// What becomes of each class of traffic, whatever switches it, lets it through and stands at the
// other end: every combination, against a table written by hand from the documents.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "tests/support/machine.hpp"

namespace egress::e2e {
namespace {

using namespace testing_support;

// Of an app in a subnet whose list allows or denies. "closed" is a service that refuses what comes
// from the Internet and has no other way in; "private" is another one with a private endpoint in
// the app's network, to which its name leads there.
struct Row {
  const char* traffic;
  const char* list;
  const char* closed;
  const char* by_endpoint;
};

// azure-facts 1.1.4: what is private enters the network with routing off too.
const std::vector<Row> kOff = {
    {"application", "allow", "forbidden direct", "allow virtualNetwork"},
    {"application", "deny", "forbidden direct", "deny virtualNetwork"},
    // azure-facts 2.2.2, contract "Decided" 25: a class goes as a whole, and with public names.
    {"image-pull", "allow", "forbidden direct", "forbidden direct"},
    {"image-pull", "deny", "forbidden direct", "forbidden direct"},
    {"content-share", "allow", "forbidden direct", "forbidden direct"},
    {"content-share", "deny", "forbidden direct", "forbidden direct"},
    {"backup-restore", "allow", "forbidden direct", "forbidden direct"},
    {"backup-restore", "deny", "forbidden direct", "forbidden direct"},
    {"managed-identity", "allow", "forbidden direct", "forbidden direct"},
    {"managed-identity", "deny", "forbidden direct", "forbidden direct"},
    // azure-facts 2.2.7: refused in public, it is asked through the network.
    {"key-vault", "allow", "forbidden virtualNetwork", "allow virtualNetwork"},
    {"key-vault", "deny", "deny virtualNetwork", "deny virtualNetwork"}};

const std::vector<Row> kOn = {
    {"application", "allow", "forbidden virtualNetwork", "allow virtualNetwork"},
    {"application", "deny", "deny virtualNetwork", "deny virtualNetwork"},
    {"image-pull", "allow", "forbidden virtualNetwork", "allow virtualNetwork"},
    {"image-pull", "deny", "deny virtualNetwork", "deny virtualNetwork"},
    {"content-share", "allow", "forbidden virtualNetwork", "allow virtualNetwork"},
    {"content-share", "deny", "deny virtualNetwork", "deny virtualNetwork"},
    {"backup-restore", "allow", "forbidden virtualNetwork", "allow virtualNetwork"},
    {"backup-restore", "deny", "deny virtualNetwork", "deny virtualNetwork"},
    {"managed-identity", "allow", "forbidden virtualNetwork", "allow virtualNetwork"},
    {"managed-identity", "deny", "deny virtualNetwork", "deny virtualNetwork"},
    // It has no switch.
    {"key-vault", "allow", "forbidden virtualNetwork", "allow virtualNetwork"},
    {"key-vault", "deny", "deny virtualNetwork", "deny virtualNetwork"}};

constexpr const char* kNetwork = R"(
outboundIpAddresses: [20.50.1.4]
virtualNetworks:
  spoke:
    addressPrefixes: [10.1.0.0/16]
    subnets:
      allow: {addressPrefix: 10.1.1.0/26, delegations: [Microsoft.Web/serverFarms]}
      deny: {addressPrefix: 10.1.2.0/26, delegations: [Microsoft.Web/serverFarms],
             networkSecurityGroup: nsg}
      endpoints: {addressPrefix: 10.1.3.0/24}
networkSecurityGroups:
  nsg:
    securityRules:
      deny: {priority: 100, direction: Outbound, access: Deny, protocol: "*",
             sourceAddressPrefix: "*", sourcePortRange: "*", destinationAddressPrefix: "*",
             destinationPortRange: "*"}
services:
  closed: {type: Microsoft.KeyVault/vaults, ipAddress: 13.69.64.70, publicNetworkAccess: Disabled}
  private: {type: Microsoft.KeyVault/vaults, ipAddress: 13.69.64.71, publicNetworkAccess: Disabled}
privateEndpoints:
  pe: {subnet: spoke/endpoints, ipAddress: 10.1.3.4, privateLinkService: private,
       privateDnsZones: [privatelink.vaultcore.azure.net]}
privateDnsZones: {privatelink.vaultcore.azure.net: {virtualNetworkLinks: {spoke: {}}}}
serverFarms: {plan: {}}
)";

std::string site_of(const Row& row) {
  return fmt::format("{}-{}", row.traffic, row.list);
}

std::string expectation(const Row& row, const char* service, const std::string& expected) {
  const size_t space = expected.find(' ');
  return fmt::format(
      "  - {{from: {}, traffic: {}, to: 'tcp://{}.vault.azure.net:443', expect: {}, via: {}}}\n",
      site_of(row), row.traffic, service, expected.substr(0, space), expected.substr(space + 1));
}

// `flag_of` says which flag of outboundVnetRouting the app for a class has; none: nothing is said.
template <typename FlagOf>
std::string lab_of(const std::vector<Row>& rows, FlagOf flag_of) {
  std::string sites = "sites:\n";
  std::string expectations = "expectations:\n";
  for (const Row& row : rows) {
    const std::string flag = flag_of(row.traffic);
    sites += fmt::format(
        "  {}: {{serverFarm: plan, virtualNetworkSubnet: spoke/{}{}}}\n", site_of(row), row.list,
        flag.empty() ? "" : fmt::format(", outboundVnetRouting: {{{}: true}}", flag));
    expectations += expectation(row, "closed", row.closed);
    expectations += expectation(row, "private", row.by_endpoint);
  }
  return kNetwork + sites + expectations;
}

std::string flag_of_class(const std::string& traffic) {
  if (traffic == "application") return "applicationTraffic";
  if (traffic == "image-pull") return "imagePullTraffic";
  if (traffic == "content-share") return "contentShareTraffic";
  if (traffic == "backup-restore") return "backupRestoreTraffic";
  if (traffic == "managed-identity") return "managedIdentityTraffic";
  return "";
}

size_t lines_with(const std::string& text, const std::string& start) {
  size_t count = 0;
  for (size_t at = 0; at != std::string::npos;) {
    if (text.compare(at, start.size(), start) == 0) ++count;
    at = text.find('\n', at);
    if (at != std::string::npos) ++at;
  }
  return count;
}

TEST(TrafficMatrix, AnalysisAndPacketsAgree) {
  Machine machine;
  ASSERT_TRUE(machine.start());
  size_t cells = 0;
  for (const std::string& text :
       {lab_of(kOff, [](const std::string&) { return std::string(); }), lab_of(kOn, flag_of_class),
        lab_of(kOn, [](const std::string&) { return std::string("allTraffic"); })}) {
    const std::string file = machine.file("matrix.yaml", text);
    const Outcome analysed = machine.ctl({"test", "--lab", file});
    EXPECT_EQ(analysed.status, 0) << analysed.out << analysed.err;
    ASSERT_TRUE(machine.apply(text));
    const Outcome tested = machine.ctl({"test", file});
    EXPECT_EQ(tested.status, 0) << tested.out << tested.err;
    cells += lines_with(tested.out, "ok ");
  }
  EXPECT_EQ(cells, 72U);
}

}  // namespace
}  // namespace egress::e2e
