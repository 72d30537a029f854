// SPDX-License-Identifier: MIT
#include "policy/service_access.hpp"

#include "tests/unit/policy/policy_test.hpp"

namespace egress::policy::test {
namespace {

using lab::Access;
using lab::Refusal;
using testing::HasSubstr;
using Way = Entry::Way;

// Open to one public address and one subnet.
ServiceFirewall closed() {
  return {.acls = {.default_action = Access::kDeny,
                   .ip_rules = {prefix("20.50.1.4/32"), prefix("40.0.0.0/24")},
                   .virtual_network_rules = {{"v", "apps"}}},
          .refusal = Refusal::kStorage,
          .name = "files"};
}

Entry entry(Way way, const std::string& source, const std::string& subnet = "") {
  return {.way = way, .source = ip(source), .subnet = subnet};
}

struct AccessCase {
  const char* what;
  Entry entry;
  Access closed;          // by default, but for the rules
  Access open;            // likewise
  Access without_public;  // publicNetworkAccess Disabled
};

TEST(ServiceAccess, LooksAtTheRulesThatAreForTheWayIn) {
  const std::vector<AccessCase> cases{
      {"a listed address", entry(Way::kInternet, "20.50.1.4"), Access::kAllow, Access::kAllow,
       Access::kDeny},
      {"an address of a listed prefix", entry(Way::kInternet, "40.0.0.9"), Access::kAllow,
       Access::kAllow, Access::kDeny},
      {"another address", entry(Way::kInternet, "20.50.1.5"), Access::kDeny, Access::kAllow,
       Access::kDeny},
      {"an address of the platform",
       {.way = Way::kInternet},
       Access::kDeny,
       Access::kAllow,
       Access::kDeny},
      {"a listed subnet", entry(Way::kServiceEndpoint, "10.1.1.4", "v/apps"), Access::kAllow,
       Access::kAllow, Access::kDeny},
      {"another subnet", entry(Way::kServiceEndpoint, "10.1.2.4", "v/data"), Access::kDeny,
       Access::kAllow, Access::kDeny},
      {"a listed address by service endpoint", entry(Way::kServiceEndpoint, "20.50.1.4", "v/data"),
       Access::kDeny, Access::kAllow, Access::kDeny},
      {"a private endpoint", entry(Way::kPrivateEndpoint, "10.1.2.4"), Access::kAllow,
       Access::kAllow, Access::kAllow},
  };
  for (const AccessCase& each : cases) {
    ServiceFirewall firewall = closed();
    EXPECT_EQ(service_access(firewall, each.entry).access, each.closed) << each.what;
    firewall.acls.default_action = Access::kAllow;
    EXPECT_EQ(service_access(firewall, each.entry).access, each.open) << each.what;
    firewall.public_network_access = lab::PublicNetworkAccess::kDisabled;
    EXPECT_EQ(service_access(firewall, each.entry).access, each.without_public) << each.what;
  }
}

struct WordCase {
  Refusal refusal;
  const char* code;
  const char* message;  // part of it
};

TEST(ServiceAccess, RefusesInTheServicesOwnWords) {
  const std::vector<WordCase> cases{
      {Refusal::kStorage, "AuthorizationFailure",
       "This request is not authorized to perform this operation."},
      {Refusal::kKeyVault, "ForbiddenByFirewall", "Client address: 20.50.1.5"},
      {Refusal::kSql, "40615",
       "Cannot open server 'files' requested by the login. Client with IP address '20.50.1.5' is "
       "not allowed to access the server."},
      {Refusal::kRegistry,
       "denied: client with IP '20.50.1.5' is not allowed access. Refer "
       "https://aka.ms/acr/firewall to grant access.",
       "denied: client with IP '20.50.1.5' is not allowed access."},
      {Refusal::kCosmos, "Forbidden", "from IP 20.50.1.5 through public internet"},
      {Refusal::kMessaging, "Unauthorized", "Ip has been prevented to connect to the endpoint"},
      {Refusal::kCognitive, "AccessDenied", "Virtual Network/Firewall rules"},
      {Refusal::kWeb, "Ip Forbidden", "blocked your access"},
      {Refusal::kOther, "Forbidden", "files"},
  };
  for (const WordCase& each : cases) {
    ServiceFirewall firewall = closed();
    firewall.refusal = each.refusal;
    const ServiceAnswer got = service_access(firewall, entry(Way::kInternet, "20.50.1.5"));
    EXPECT_EQ(got.code, each.code);
    EXPECT_THAT(got.message, HasSubstr(each.message));
    const ServiceAnswer allowed = service_access(firewall, entry(Way::kInternet, "20.50.1.4"));
    EXPECT_EQ(allowed.code, "");
    EXPECT_EQ(allowed.message, "");
  }
}

TEST(ServiceAccess, SqlSaysByItsMessageThatPublicAccessIsOff) {
  ServiceFirewall firewall = closed();
  firewall.refusal = Refusal::kSql;
  firewall.public_network_access = lab::PublicNetworkAccess::kDisabled;
  const ServiceAnswer got = service_access(firewall, entry(Way::kInternet, "20.50.1.4"));
  EXPECT_EQ(got.code, "40615");
  EXPECT_THAT(got.message, HasSubstr("Deny Public Network Access is set to Yes"));
}

TEST(ServiceAccess, TellsWhatDecided) {
  const auto reason = [](const Entry& by) { return service_access(closed(), by).reason; };
  EXPECT_EQ(reason(entry(Way::kInternet, "20.50.1.4")), "IP rule 20.50.1.4/32 allows 20.50.1.4.");
  EXPECT_EQ(reason(entry(Way::kServiceEndpoint, "10.1.1.4", "v/apps")),
            "A virtual network rule allows v/apps.");
  EXPECT_EQ(reason(entry(Way::kServiceEndpoint, "10.1.2.4", "v/data")),
            "No virtual network rule names v/data, and networkAcls.defaultAction is Deny.");
  EXPECT_EQ(service_access({}, entry(Way::kInternet, "20.50.1.4")).reason,
            "publicNetworkAccess is Enabled, and there are no network rules.");
}

TEST(ServiceAccess, IsThatOfTheServiceInTheLab) {
  const lab::Lab lab = lab_from(R"(
services:
  api: {ipAddress: 9.9.9.9, names: [api.example.com], listen: [tcp/443]}
  vault: {type: Microsoft.KeyVault/vaults, ipAddress: 9.9.9.10, publicNetworkAccess: Disabled,
          networkAcls: {defaultAction: Deny}}
)");
  EXPECT_EQ(firewall_of("api", lab.services.at("api")), (ServiceFirewall{.name = "api"}));
  EXPECT_EQ(firewall_of("vault", lab.services.at("vault")),
            (ServiceFirewall{.public_network_access = lab::PublicNetworkAccess::kDisabled,
                             .acls = {.default_action = Access::kDeny},
                             .refusal = Refusal::kKeyVault,
                             .name = "vault"}));
}

TEST(ServiceAccess, OfASiteEndsForThePublicWithItsFirstPrivateEndpoint) {
  lab::Lab lab = lab_from(R"(
outboundIpAddresses: [20.50.1.4]
virtualNetworks:
  v: {addressPrefixes: [10.1.0.0/16], subnets: {endpoints: {addressPrefix: 10.1.4.0/24}}}
serverFarms: {plan: {}}
sites: {web: {serverFarm: plan}}
)");
  const auto by_internet = [&] {
    return service_access(firewall_of_site(lab, "web"), entry(Way::kInternet, "9.9.9.9")).access;
  };
  EXPECT_EQ(by_internet(), Access::kAllow);
  lab = with(lab, "privateEndpoints: {pe: {subnet: v/endpoints, privateLinkService: web}}");
  EXPECT_EQ(by_internet(), Access::kDeny);
  lab.sites["web"].public_network_access = lab::PublicNetworkAccess::kEnabled;
  EXPECT_EQ(by_internet(), Access::kAllow);
}

}  // namespace
}  // namespace egress::policy::test
