// SPDX-License-Identifier: MIT
// The token endpoint as the daemon starts and attaches it, beside the resolver and the authority
// that it calls.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "settings/dns_settings_text.hpp"
#include "settings/identity_text.hpp"
#include "settings/names_text.hpp"
#include "settings/responder_text.hpp"
#include "tests/support/attached_program.hpp"
#include "tests/support/expect_ok.hpp"
#include "tests/support/process.hpp"
#include "tests/support/values.hpp"

namespace egress::identity {
namespace {

using namespace testing_support;
using nlohmann::json;
using ::testing::HasSubstr;

// Two apps behind a worker; a lane, from which a network with the platform and the authority in it
// is reached.
constexpr const char* kTopology = R"(
  for name in app other worker lane net; do ip netns add $name; ip -n $name link set lo up; done
  for pair in app:5 other:6; do
    app=${pair%:*}; address=169.254.129.${pair#*:}
    ip -n worker link add e-$app type veth peer name eth0 netns $app
    ip -n worker addr add 169.254.129.1/32 dev e-$app; ip -n worker link set e-$app up
    ip -n worker route add $address/32 dev e-$app
    ip -n $app addr add $address/24 dev eth0; ip -n $app link set eth0 up
  done
  ip -n net link add lane type veth peer name eth0 netns lane
  ip -n net addr add 10.9.0.1/24 dev lane; ip -n net link set lane up
  ip -n net addr add 168.63.129.16/32 dev lo; ip -n net addr add 20.190.1.1/32 dev lo
  ip -n lane addr add 10.9.0.2/24 dev eth0; ip -n lane link set eth0 up
  ip -n lane route add default via 10.9.0.1
)";

constexpr const char* kQuery = "resource=https://vault.azure.net&api-version=2019-08-01";

struct Answer {
  std::string status{};
  json body{};
  std::string message() const { return body.value("message", ""); }
};

class TokenEndpoint : public ::testing::Test {
 protected:
  void SetUp() override {
    by_hand(kTopology);
    for (AttachedProgram* program : {&identity_, &resolver_, &host_}) ASSERT_TRUE(program->ready());
    publish("login.microsoftonline.com");
    EXPECT_OK(resolver_.attach("net", settings::kDnsAttachment,
                               settings::to_text(settings::PlatformResolver{})));
    const settings::AppResolver role{.servers = {ip("168.63.129.16")}, .attempts = 1};
    EXPECT_OK(resolver_.attach("lane", settings::kDnsAttachment, settings::to_text(role)));
    serve({.host = "login", .listen = {{Protocol::kTcp, 443}}});
    EXPECT_OK(identity_.attach("lane", settings::kIdentityAttachment,
                               settings::to_text(settings::IdentityLane{})));
    give_to_app("header");
  }
  void TearDown() override {
    run_script("for name in app other worker lane net; do ip netns del $name || :; done");
  }

  void publish(const std::string& name) {
    lab::RecordSet set;
    set.a = {ip("20.190.1.1")};
    EXPECT_OK(resolver_.attach("worker", settings::kNamesAttachment,
                               settings::to_text(policy::Names{.public_sets = {{name, set}}})));
  }
  void serve(const settings::Responder& responder) {
    EXPECT_OK(host_.attach("net", "responder", settings::to_text(responder)));
  }
  void give_to_app(const std::string& header, const std::string& lane = "lane") {
    const settings::IdentityEndpoint endpoint{.address = ip("169.254.129.1"),
                                              .port = 8081,
                                              .apps = {{.address = ip("169.254.129.5"),
                                                        .site = "web",
                                                        .header = header,
                                                        .client_id = "client",
                                                        .lane = lane}}};
    EXPECT_OK(
        identity_.attach("worker", settings::kIdentityAttachment, settings::to_text(endpoint)));
  }

  static Command question(const std::string& netns, const std::string& query,
                          const std::string& header) {
    return {"ip",
            "netns",
            "exec",
            netns,
            "curl",
            "-sS",
            "--max-time",
            "60",
            "-w",
            "\n%{http_code}",
            "-H",
            header,
            "http://169.254.129.1:8081/msi/token?" + query};
  }
  static Answer ask(const std::string& netns = "app", const std::string& query = kQuery,
                    const std::string& header = "X-IDENTITY-HEADER: header") {
    const Outcome asked = run(question(netns, query, header));
    const size_t end = asked.out.rfind('\n');
    EXPECT_EQ(asked.status, 0) << asked.err;
    if (end == std::string::npos) return {};
    return {asked.out.substr(end + 1), json::parse(asked.out.substr(0, end), nullptr, false)};
  }

  AttachedProgram identity_{{EGRESS_IDENTITY_PROGRAM}};
  AttachedProgram resolver_{{EGRESS_DNS_PROGRAM}};
  AttachedProgram host_{{EGRESS_HOST_PROGRAM}};
};

// azure-facts 1.6.12
TEST_F(TokenEndpoint, GivesTokensToTheAppThatShowsItsHeader) {
  const Answer token = ask();
  EXPECT_EQ(token.status, "200") << token.body;
  EXPECT_EQ(token.body.value("token_type", ""), "Bearer");
  EXPECT_EQ(token.body.value("client_id", ""), "client");
  EXPECT_EQ(ask("app", "resource=r&api-version=2017-09-01", "secret: header").status, "200");
  EXPECT_EQ(ask("app", kQuery, "X-IDENTITY-HEADER: wrong").status, "401");
  EXPECT_EQ(ask("app", kQuery, "Other: header").status, "401");
  EXPECT_EQ(ask("other").status, "401");
  EXPECT_EQ(ask("app", "api-version=2019-08-01").status, "400");
}

TEST_F(TokenEndpoint, SaysWhyTheAuthorityGivesNone) {
  serve({.host = "login",
         .listen = {{Protocol::kTcp, 443}},
         .firewall = policy::ServiceFirewall{
             .public_network_access = lab::PublicNetworkAccess::kDisabled, .name = "login"}});
  const Answer forbidden = ask();
  EXPECT_EQ(forbidden.status, "500");
  EXPECT_THAT(forbidden.message(), HasSubstr("No token: login.microsoftonline.com refuses: "));
  serve({.host = "login", .listen = {{Protocol::kTcp, 444}}});
  EXPECT_EQ(ask().message(),
            "No token: login.microsoftonline.com (20.190.1.1) refuses the connection.");
  by_hand("ip -n lane route add blackhole 20.190.1.1");
  EXPECT_EQ(ask().message(), "No token: no way to login.microsoftonline.com (20.190.1.1).");
  publish("www.example.com");
  EXPECT_EQ(ask().message(), "No token: could not resolve login.microsoftonline.com.");
}

TEST_F(TokenEndpoint, WaitsForAnAuthorityThatDoesNotAnswer) {
  by_hand("ip -n net addr del 20.190.1.1/32 dev lo; ip -n net route add blackhole 20.190.1.1");
  Background waiting(question("app", kQuery, "X-IDENTITY-HEADER: header"), "");
  EXPECT_EQ(ask("other").status, "401") << "nobody waits for another's authority";
  EXPECT_THAT(ask().message(), HasSubstr("no connection to login.microsoftonline.com"));
  EXPECT_EQ(waiting.wait(), 0);
}

TEST_F(TokenEndpoint, CallsNobodyWhereTheLabHasNoAuthority) {
  by_hand("ip netns del net");
  give_to_app("header", "");
  EXPECT_EQ(ask().status, "200");
}

TEST_F(TokenEndpoint, ChangesInPlace) {
  give_to_app("another");
  EXPECT_EQ(ask().status, "401");
  EXPECT_EQ(ask("app", kQuery, "X-IDENTITY-HEADER: another").status, "200");
  EXPECT_OK(identity_.detach("lane", settings::kIdentityAttachment));
  EXPECT_THAT(ask("app", kQuery, "X-IDENTITY-HEADER: another").message(), HasSubstr("no way"));
  EXPECT_OK(identity_.detach("worker", settings::kIdentityAttachment));
  EXPECT_NE(run(question("app", kQuery, "X-IDENTITY-HEADER: another")).status, 0);
}

TEST_F(TokenEndpoint, GoesOnWhenItsNamespacesGetOtherNames) {
  by_hand("ip -n net addr del 20.190.1.1/32 dev lo; ip -n net route add blackhole 20.190.1.1");
  Background waiting(question("app", kQuery, "X-IDENTITY-HEADER: header"), "");
  EXPECT_TRUE(eventually([] {
    return run({"ip", "netns", "exec", "lane", "ss", "-Htn", "state", "syn-sent"}).out != "";
  }));
  EXPECT_OK(identity_.rename("worker", "worker-0"));
  EXPECT_OK(identity_.rename("lane", "lane-0"));
  EXPECT_EQ(waiting.wait(), 0) << "who waits is answered";
  by_hand("ip -n net route del blackhole 20.190.1.1; ip -n net addr add 20.190.1.1/32 dev lo");
  EXPECT_EQ(ask().status, "200") << "by the lane, before anything is told anew";
  EXPECT_OK(identity_.detach("worker-0", settings::kIdentityAttachment));
  EXPECT_NE(run(question("app", kQuery, "X-IDENTITY-HEADER: header")).status, 0);
  EXPECT_OK(identity_.rename("worker-0", "worker"));
  EXPECT_OK(identity_.rename("lane-0", "lane"));
}

TEST_F(TokenEndpoint, EndsWhileARequestWaits) {
  by_hand("ip -n net addr del 20.190.1.1/32 dev lo; ip -n net route add blackhole 20.190.1.1");
  Background waiting(question("app", kQuery, "X-IDENTITY-HEADER: header"), "");
  EXPECT_TRUE(eventually([] {
    return run({"ip", "netns", "exec", "lane", "ss", "-Htn", "state", "syn-sent"}).out != "";
  }));
  EXPECT_OK(identity_.detach("worker", settings::kIdentityAttachment));
  EXPECT_NE(waiting.wait(), 0);
  give_to_app("header", "");
  EXPECT_EQ(ask().status, "200");
}

}  // namespace
}  // namespace egress::identity
