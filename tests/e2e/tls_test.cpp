// SPDX-License-Identifier: MIT
// Programs in apps ask the lab's hosts in TLS, as they stand: without an option, without knowing of
// the lab.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/support/machine.hpp"

namespace egress::e2e {
namespace {

using namespace testing_support;
using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

constexpr int kNotBelieved = 60;  // curl's

constexpr const char* kLab = R"(
virtualNetworks:
  spoke:
    addressPrefixes: [10.1.0.0/16]
    subnets:
      integration: {addressPrefix: 10.1.1.0/26, delegations: [Microsoft.Web/serverFarms]}
      data: {addressPrefix: 10.1.2.0/24}
      endpoints: {addressPrefix: 10.1.3.0/24}
serverFarms: {plan: {sku: P1v3}}
sites:
  web:
    serverFarm: plan
    virtualNetworkSubnet: spoke/integration
    outboundVnetRouting: {applicationTraffic: true}
  other: {serverFarm: plan, appSettings: {NODE_EXTRA_CA_CERTS: /home/site/own.pem}}
services:
  store: {type: Microsoft.Storage/storageAccounts, ipAddress: 20.60.223.4}
  keys: {type: Microsoft.KeyVault/vaults, ipAddress: 13.69.64.74, publicNetworkAccess: Disabled}
privateEndpoints:
  pe:
    subnet: spoke/endpoints
    ipAddress: 10.1.3.4
    privateLinkService: store
    groupIds: [blob]
    privateDnsZones: [privatelink.blob.core.windows.net]
privateDnsZones:
  privatelink.blob.core.windows.net: {virtualNetworkLinks: {spoke: {}}}
  corp.internal: {virtualNetworkLinks: {spoke: {}}, recordSets: {api: {A: [10.1.2.4]}}}
hosts:
  api: {subnet: spoke/data, ipAddress: 10.1.2.4, listen: [tcp/443, tcp/1433, tcp/8443]}
  pay: {internet: true, ipAddress: 93.184.216.34, names: [pay.example.com], listen: [tcp/443]}
  rest: {internet: true, addressPrefixes: [198.0.0.0/8], listen: [tcp/443]}
)";

class Tls : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(machine_.start());
    ASSERT_TRUE(machine_.apply(kLab));
  }
  Outcome curl(const std::string& app, Command arguments) const {
    arguments.insert(arguments.begin(), {"curl", "-sS", "--max-time", "20"});
    return machine_.exec(app, arguments);
  }
  // Who answers; why nobody does.
  std::string host_of(const std::string& app, const std::string& url) const {
    const Outcome asked = curl(app, {url});
    const json answer = json::parse(asked.out, nullptr, false);
    return answer.is_object() ? answer.value("host", "") : asked.out + asked.err;
  }
  std::string authority() const { return machine_.ctl({"authority"}).out; }

  Machine machine_{};
};

TEST_F(Tls, CurlAsksEveryKindOfHostByItsNameAndIsAnswered) {
  EXPECT_EQ(host_of("web", "https://pay.example.com/"), "pay");
  EXPECT_EQ(host_of("other", "https://pay.example.com/"), "pay");
  EXPECT_EQ(host_of("web", "https://api.corp.internal/"), "api");
  EXPECT_EQ(host_of("web", "https://api.internal.cloudapp.net:8443/"), "api");
  EXPECT_EQ(host_of("web", "https://10.1.2.4/"), "api");
  EXPECT_EQ(host_of("web", "https://store.blob.core.windows.net/"), "store");
  EXPECT_EQ(host_of("other", "https://store.blob.core.windows.net/"), "store");
  EXPECT_EQ(host_of("web", "https://198.51.0.7/"), "rest");
}

TEST_F(Tls, APrivateEndpointsNameLeadsToIt) {
  const Outcome asked = curl("web", {"https://store.blob.core.windows.net/"});
  EXPECT_EQ(json::parse(asked.out).at("local"), "10.1.3.4:443");
}

TEST_F(Tls, AServiceRefusesInTlsWhomItsFirewallRefuses) {
  const Outcome asked = curl("web", {"-w", "%{http_code}", "https://keys.vault.azure.net/"});
  EXPECT_THAT(asked.out, HasSubstr("\"code\":\"ForbiddenByFirewall\""));
  EXPECT_THAT(asked.out, ::testing::EndsWith("403"));
}

TEST_F(Tls, NobodyIsTakenForSomebodyElse) {
  EXPECT_EQ(
      curl("web", {"--resolve", "bank.example.com:443:93.184.216.34", "https://bank.example.com/"})
          .status,
      kNotBelieved);
  // A host that stands for the rest of the Internet is whoever is asked for there.
  EXPECT_EQ(
      curl("web", {"--resolve", "bank.example.com:443:198.51.0.8", "https://bank.example.com/"})
          .status,
      0);
}

TEST_F(Tls, ANewNameIsServedWithoutANewResponder) {
  const auto responders = [] { return processes_with("egress-host"); };
  const auto before = responders();
  ASSERT_TRUE(
      machine_.apply(replaced(kLab, "[pay.example.com]", "[pay.example.com, new.example]")));
  EXPECT_EQ(host_of("web", "https://new.example/"), "pay");
  EXPECT_EQ(responders(), before);
}

TEST_F(Tls, PythonAndOpensslTrustTheLabByTheirEnvironment) {
  const Outcome python =
      machine_.exec("web", {"python3", "-c",
                            "import urllib.request as u; "
                            "print(u.urlopen('https://pay.example.com/').read().decode())"});
  EXPECT_THAT(python.out, HasSubstr("\"host\":\"pay\"")) << python.err;
  const Outcome openssl = machine_.exec(
      "web", {"sh", "-c",
              "openssl s_client -connect pay.example.com:443 -servername pay.example.com "
              "-verify_hostname pay.example.com </dev/null"});
  EXPECT_THAT(openssl.out, HasSubstr("i:CN = egressd lab eg"));
  EXPECT_THAT(openssl.out, HasSubstr("Verification: OK"));
}

TEST_F(Tls, WhoSpeaksNoTlsIsAnsweredAsEver) {
  const Command silent = {"bash", "-c", "exec 3<>/dev/tcp/10.1.2.4/443; head -n 1 <&3"};
  const Command speaking = {"bash", "-c",
                            "exec 3<>/dev/tcp/10.1.2.4/443; echo hello >&3; head -n 1 <&3"};
  const Command beginning = {"bash", "-c",
                             "exec 3<>/dev/tcp/10.1.2.4/443; printf '\\026\\n' >&3; head -n 1 <&3"};
  for (const Command& command : {silent, speaking, beginning}) {
    EXPECT_THAT(machine_.exec("web", command).out, StartsWith("{\"host\":\"api\"")) << command[2];
  }
  EXPECT_EQ(machine_.ctl({"explain", "web", "tcp://10.1.2.4:443", "--verify"}).status, 0);
}

TEST_F(Tls, AppsKeepTheirOwnSettingsAndTheMachineItsOwnTrust) {
  EXPECT_EQ(machine_.exec("other", {"printenv", "NODE_EXTRA_CA_CERTS"}).out,
            "/home/site/own.pem\n");
  EXPECT_EQ(machine_.exec("other", {"printenv", "SSL_CERT_FILE"}).out,
            "/etc/ssl/certs/ca-certificates.crt\n");
  EXPECT_THAT(machine_.ctl({"env", "web"}).out, Not(HasSubstr("SSL_CERT_FILE")));
  const std::string in_app =
      machine_.exec("web", {"cat", "/etc/ssl/certs/ca-certificates.crt"}).out;
  EXPECT_THAT(in_app, HasSubstr(authority()));
  const std::string outside = run({"cat", "/etc/ssl/certs/ca-certificates.crt"}).out;
  EXPECT_THAT(in_app, HasSubstr(outside));
  EXPECT_THAT(outside, Not(HasSubstr(authority())));
}

TEST_F(Tls, WhoEntersTheNamespaceByHandTakesTheCertificateAlong) {
  const std::string file = machine_.file("lab.pem", authority());
  const Outcome asked = run({"ip", "netns", "exec", "eg-app-web-0", "curl", "-sS", "--cacert", file,
                             "https://10.1.2.4/"});
  EXPECT_THAT(asked.out, HasSubstr("\"host\":\"api\"")) << asked.err;
}

TEST_F(Tls, TheAuthorityIsTheLabsThroughRestartsAndGoesWithIt) {
  const std::string first = authority();
  EXPECT_THAT(first, StartsWith("-----BEGIN CERTIFICATE-----\n"));
  machine_.stop();
  ASSERT_TRUE(machine_.start());
  ASSERT_TRUE(machine_.comes_in_sync());
  EXPECT_EQ(authority(), first);
  EXPECT_EQ(host_of("web", "https://pay.example.com/"), "pay");
  ASSERT_EQ(machine_.ctl({"down"}).status, 0);
  EXPECT_EQ(machine_.ctl({"authority"}).status, 3) << "no lab, no authority";
  ASSERT_TRUE(machine_.apply(kLab));
  EXPECT_NE(authority(), first);
  EXPECT_EQ(host_of("web", "https://pay.example.com/"), "pay");
}

TEST_F(Tls, TheKeyIsInNoFileThatOthersCanReadAndInNoAnswer) {
  const Outcome looked =
      run({"grep", "-rlE", "PRIVATE KEY", machine_.state_directory(), "/run", "/etc/ssl/certs"});
  EXPECT_THAT(looked.out, Not(HasSubstr("/run"))) << looked.out;
  EXPECT_THAT(machine_.ctl({"status", "-o", "json"}).out, Not(HasSubstr("PRIVATE KEY")));
  EXPECT_THAT(machine_.ctl({"authority", "-o", "json"}).out, Not(HasSubstr("PRIVATE KEY")));
  const Outcome readable =
      run({"find", machine_.state_directory(), "-name", "egressd.db*", "-perm", "/077"});
  EXPECT_EQ(readable.out, "");
}

}  // namespace
}  // namespace egress::e2e
