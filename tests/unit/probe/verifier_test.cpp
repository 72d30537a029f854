// SPDX-License-Identifier: MIT
#include "probe/verifier.hpp"

#include <gmock/gmock.h>

#include <set>

#include "tests/support/network_of.hpp"
#include "tests/support/small_lab.hpp"

namespace egress::probe {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

std::shared_ptr<const policy::Network> network() {
  return testing_support::network_of(testing_support::lab_from(testing_support::small_lab() + R"(
expectations:
  - {from: web, to: tcp://10.1.2.4:443, expect: allow}
  - {from: web, to: tcp://sql:443, expect: deny}
)"));
}

ProbeResult delivered() {
  return {.arrival = Arrival{.netns = "eg-host-sql", .source = {0x0a010104}}, .replied = true};
}

// Remembers what it was asked.
struct Asked {
  std::vector<ProbeFlow> flows{};
  std::vector<std::string> watch{};
  int batches = 0;
  std::vector<NameLookup> lookups{};
};

// What an app's resolver says for "sql".
std::optional<dns::Reply> reply_with(std::vector<Ipv4Address> addresses) {
  dns::Reply reply;
  for (const Ipv4Address address : addresses) {
    reply.records.push_back({.name = "sql", .data = address});
  }
  return reply;
}

Send probe_answering(Asked& asked, const ProbeResult& result) {
  return [&asked, result](const std::vector<ProbeFlow>& flows,
                          const std::vector<std::string>& watch, std::chrono::milliseconds) {
    asked.flows = flows;
    asked.watch = watch;
    ++asked.batches;
    return Result<std::vector<ProbeResult>>(std::vector<ProbeResult>(flows.size(), result));
  };
}

Probes probes(Asked& asked, const ProbeResult& result,
              const std::optional<dns::Reply>& reply = reply_with({{0x0a010204}})) {
  return {.send = probe_answering(asked, result),
          .look_up = [&asked, reply](const std::vector<NameLookup>& lookups) {
            asked.lookups = lookups;
            return Result<std::vector<std::optional<dns::Reply>>>(
                std::vector<std::optional<dns::Reply>>(lookups.size(), reply));
          }};
}

TEST(Verifier, SendsTheFlowFromTheAppAndWatchesItsDestination) {
  Asked asked;
  const Verifier verifier(probes(asked, delivered()));
  const auto answers = verifier.verify(
      *network(), "eg",
      {{{"web", 0}, {.destination = {0x0a010204}, .destination_port = 443, .source_port = 4242}}});
  ASSERT_TRUE(answers.ok());
  ASSERT_THAT(asked.flows, SizeIs(1));
  EXPECT_EQ(asked.flows[0].netns, "eg-app-web-0");
  EXPECT_EQ(asked.flows[0].protocol, number_of(Protocol::kTcp));
  EXPECT_EQ(asked.flows[0].source_port, 4242);
  EXPECT_THAT(asked.watch, ElementsAre("eg-host-sql"));
  EXPECT_EQ(answers->front().observation.host, "sql");
  EXPECT_THAT(answers->front().differences, IsEmpty());
}

TEST(Verifier, SendsFromTheAppHoweverItsNameIsSpelled) {
  Asked asked;
  const Verifier verifier(probes(asked, delivered()));
  ASSERT_TRUE(
      verifier.verify(*network(), "eg", {{{"Web", 0}, {.destination = {0x0a010204}}}}).ok());
  ASSERT_THAT(asked.flows, SizeIs(1));
  EXPECT_EQ(asked.flows[0].netns, "eg-app-web-0");
}

TEST(Verifier, ReportsAPacketThatCameOutTwice) {
  Asked asked;
  ProbeResult twice = delivered();
  twice.also.push_back({.netns = "eg-host-other"});
  const Verifier verifier(probes(asked, twice));
  const auto answers = verifier.verify(
      *network(), "eg", {{{"web", 0}, {.destination = {0x0a010204}, .destination_port = 443}}});
  ASSERT_TRUE(answers.ok());
  EXPECT_THAT(answers->front().differences, ElementsAre(HasSubstr("eg-host-other")));
}

// Apps are watched for their private ports.
TEST(Verifier, TakesNoRequestThatAFrontEndHandsOnForOneThatCameOutTwice) {
  const auto called = testing_support::network_of(testing_support::with(
      testing_support::lab_from(testing_support::small_lab(2)),
      "sites: {api: {serverFarm: plan, inboundIpAddress: 20.50.2.4, vnetPrivatePortsCount: 1, "
      "virtualNetworkSubnet: spoke/integration}}"));
  Asked asked;
  const ProbeResult twice{.arrival = Arrival{.netns = "eg-front-api", .source = {0x14320104}},
                          .also = {{.netns = "eg-app-api-0", .source = {0xa9fe8101}}},
                          .replied = true,
                          .refused = true};
  const Verifier verifier(probes(asked, twice));
  const policy::Flow request{.destination = {0x14320204}, .destination_port = 80};
  const policy::Flow private_port{.destination = {0x0a010104}, .destination_port = 443};
  const auto answers =
      verifier.verify(*called, "eg", {{{"web", 0}, request}, {{"web", 1}, private_port}});
  ASSERT_TRUE(answers.ok());
  EXPECT_THAT(asked.watch, ElementsAre("eg-front-api", "eg-app-api-0"));
  EXPECT_THAT((*answers)[0].differences, IsEmpty());
  EXPECT_THAT((*answers)[1].differences, ElementsAre(HasSubstr("reached"), HasSubstr("also")));
}

TEST(Verifier, TestsAllExpectationsInOneBatchWithPortsOfTheirOwn) {
  Asked asked;
  Verifier verifier(probes(asked, delivered()));
  const auto results = verifier.test(*network(), "eg");
  ASSERT_TRUE(results.ok());
  ASSERT_THAT(*results, SizeIs(2));
  EXPECT_EQ(asked.batches, 1);
  EXPECT_NE(asked.flows[0].source_port, asked.flows[1].source_port);
  EXPECT_THAT((*results)[0].differences, IsEmpty());
  EXPECT_THAT((*results)[1].differences, SizeIs(1));  // analysis differs, the kernel agrees
}

TEST(Verifier, SendsPacketsOfAClassFromItsNamespaceAndNoneOfAClassThatIsNotInUse) {
  Asked asked;
  Verifier verifier(probes(asked, {}));
  const auto expecting =
      testing_support::network_of(testing_support::lab_from(testing_support::small_lab() + R"(
expectations:
  - {from: web, to: tcp://10.1.2.4:443, expect: drop, traffic: image-pull}
  - {from: web, resolve: sql, expect: 10.1.2.4, traffic: image-pull}
)"));
  ASSERT_TRUE(verifier.test(*expecting, "eg").ok());
  ASSERT_THAT(asked.flows, SizeIs(1));
  EXPECT_EQ(asked.flows[0].netns, "eg-app-web-0-image-pull");
  ASSERT_THAT(asked.lookups, SizeIs(1));
  EXPECT_EQ(asked.lookups[0].netns, "eg-app-web-0-image-pull");

  const lab::Sender sharer{"web", 0, lab::TrafficClass::kContentShare};
  const auto refused =
      verifier.verify(*expecting, "eg", sharer, "tcp://10.1.2.4:443", std::nullopt, nullptr);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Errc::kConflict);
  EXPECT_EQ(asked.batches, 1);
}

TEST(Verifier, SendsBothAttemptsToAVaultThatRefusesTheFirst) {
  Asked asked;
  Probes both = probes(asked, {});
  std::vector<std::string> senders;
  both.send = [&senders](const std::vector<ProbeFlow>& flows, const auto&, auto) {
    for (const ProbeFlow& flow : flows) senders.push_back(flow.netns);
    return Result<std::vector<ProbeResult>>(std::vector<ProbeResult>(flows.size()));
  };
  Verifier verifier(both);
  const auto expecting =
      testing_support::network_of(testing_support::lab_from(testing_support::small_lab() + R"(
services:
  shop: {type: Microsoft.KeyVault/vaults, ipAddress: 13.69.64.74, names: [shop.vault.azure.net],
         networkAcls: {defaultAction: Deny}}
expectations:
  - {from: web, to: tcp://shop.vault.azure.net:443, expect: allow, traffic: key-vault}
)"));
  const auto lanes = ElementsAre("eg-app-web-0-key-vault-public", "eg-app-web-0-key-vault");
  const auto results = verifier.test(*expecting, "eg");
  ASSERT_TRUE(results.ok());
  EXPECT_THAT(senders, lanes);
  ASSERT_THAT(asked.lookups, SizeIs(2));
  EXPECT_EQ(asked.lookups[0].netns, "eg-app-web-0-key-vault-public");
  EXPECT_EQ(asked.lookups[1].netns, "eg-app-web-0-key-vault");
  EXPECT_THAT((*results)[0].differences,
              ::testing::Contains(::testing::StartsWith("public attempt: explain: the packet")));

  senders.clear();
  const lab::Sender web{"web", 0, lab::TrafficClass::kKeyVault};
  const auto verified = verifier.verify(*expecting, "eg", web, "tcp://shop.vault.azure.net:443",
                                        std::nullopt, nullptr);
  ASSERT_TRUE(verified.ok());
  EXPECT_THAT(senders, lanes);
  EXPECT_FALSE(verified->explanation.public_attempt);
}

TEST(Verifier, CountsWhatThePacketsContradict) {
  Asked asked;
  Verifier verifier(probes(asked, {}));
  const auto results = verifier.test(*network(), "eg");
  ASSERT_TRUE(results.ok());
  EXPECT_THAT((*results)[0].differences, ::testing::Contains(HasSubstr("did not arrive")));
}

TEST(Verifier, PassesTheProbesFailureOn) {
  const Error gone{.code = Errc::kNotFound, .message = "no namespace eg-app-web-0"};
  Asked asked;
  Probes failing = probes(asked, delivered());
  failing.send = [&](const auto&, const auto&, auto) {
    return Result<std::vector<ProbeResult>>(gone);
  };
  Verifier verifier(failing);
  const auto results = verifier.test(*network(), "eg");
  ASSERT_FALSE(results.ok());
  EXPECT_THAT(results.error().message, HasSubstr("eg-app-web-0"));
}

TEST(Verifier, UsesAPortAgainOnlyAfterManyOthers) {
  Verifier verifier;
  const lab::Lab lab = network()->situation.lab;
  std::set<uint16_t> ports;
  for (int i = 0; i < 10000; ++i) EXPECT_TRUE(ports.insert(verifier.fresh_port(lab)).second);
  EXPECT_EQ(*ports.begin(), 50000);
}

// A rule for source ports once made the decision shown one and the decision compared another.
TEST(Verifier, SendsFromPortsThatNoRuleTellsFromTheAssumedOne) {
  Verifier verifier;
  lab::Lab lab = network()->situation.lab;
  auto& rules = lab.network_security_groups["nsg"].security_rules;
  rules["low"].source_ports = PortSet({{32768, 49999}});
  rules["high"].source_ports = PortSet({{50002, 65535}});
  rules["privileged"].source_ports = PortSet({{0, 32765}});
  std::vector<uint16_t> ports;
  for (int i = 0; i < 5; ++i) ports.push_back(verifier.fresh_port(lab));
  EXPECT_THAT(ports, ElementsAre(50000, 50001, 32766, 32767, 50000));
}

TEST(Verifier, JudgesAnExpectationForThePortThatIsSent) {
  Asked asked;
  Verifier verifier(probes(asked, delivered()));
  lab::Lab lab = network()->situation.lab;
  lab.virtual_networks["spoke"].subnets["integration"].network_security_group = "nsg";
  lab.network_security_groups["nsg"].security_rules["others"] = {
      .priority = 100,
      .source = {.any = true},
      .destination = {.any = true},
      .source_ports = PortSet({{50000, 50000}}).complement(),
      .destination_ports = PortSet::all()};
  const auto strict = policy::analyse({.lab = lab, .leases = network()->situation.leases});
  for (int round = 0; round < 2; ++round) {
    const auto results = verifier.test(*strict, "eg");
    ASSERT_TRUE(results.ok());
    EXPECT_THAT(results->front().differences, IsEmpty());
    EXPECT_EQ(asked.flows.front().source_port, 50000);
  }
}

TEST(Verifier, LooksNamesUpAsTheAppDoes) {
  Asked asked;
  const Verifier verifier(probes(asked, delivered()));
  policy::Resolution expected{.name = "sql",
                              .status = lab::LookupStatus::kNoError,
                              .addresses = {{0x0a010204}},
                              .settings = {.attempts = 2, .timeout_seconds = 3}};
  const auto answers = verifier.verify_names(*network(), "eg", {{{"WEB", 0}, expected}});
  ASSERT_TRUE(answers.ok());
  EXPECT_THAT(answers->front().differences, IsEmpty());
  ASSERT_THAT(asked.lookups, SizeIs(1));
  EXPECT_EQ(asked.lookups[0].netns, "eg-app-web-0");
  EXPECT_EQ(asked.lookups[0].question.name, "sql");
  EXPECT_THAT(asked.lookups[0].plan.servers, ElementsAre(Ipv4Address{0x7f00000b}));
  EXPECT_GT(asked.lookups[0].plan.timeout, std::chrono::seconds(6)) << "the resolver's own";
}

TEST(Verifier, CountsWhatTheAppsResolverContradicts) {
  Asked asked;
  Verifier verifier(probes(asked, delivered(), reply_with({{0x34000001}})));
  const auto results = verifier.test(*network(), "eg");
  ASSERT_TRUE(results.ok());
  EXPECT_THAT((*results)[0].differences, IsEmpty()) << "an address is not looked up";
  EXPECT_THAT((*results)[1].differences, ::testing::Contains(HasSubstr("resolver: 52.0.0.1")));
}

TEST(Verifier, SendsNothingToANameWithoutAnAddress) {
  Asked asked;
  Verifier verifier(probes(asked, delivered(), std::nullopt));
  const auto verified =
      verifier.verify(*network(), "eg", {"web", 0}, "tcp://nobody.example:443", {}, nullptr);
  ASSERT_TRUE(verified.ok());
  EXPECT_EQ(asked.batches, 0);
  EXPECT_EQ(verified->explanation.verdict, lab::Verdict::kUnresolved);
  EXPECT_THAT(verified->differences, ElementsAre(HasSubstr("NXDOMAIN")));
}

TEST(Verifier, ComparesTheNameAndThePacket) {
  Asked asked;
  Verifier verifier(probes(asked, {}, std::nullopt));
  const auto verified =
      verifier.verify(*network(), "eg", {"web", 0}, "tcp://sql:443", 4242, nullptr);
  ASSERT_TRUE(verified.ok());
  EXPECT_EQ(asked.flows.front().source_port, 4242);
  EXPECT_THAT(verified->differences,
              ::testing::IsSupersetOf({HasSubstr("resolver: without"), HasSubstr("not arrive")}));
}

TEST(Verifier, CallsAServiceThatIsReachedAndComparesWhatItSays) {
  lab::Lab lab = network()->situation.lab;
  lab.services["vault"] = {.type = "Microsoft.KeyVault/vaults",
                           .location = "westeurope",
                           .ip_address = {0x0d454048},
                           .network_acls = lab::NetworkAcls{.default_action = lab::Access::kDeny}};
  const auto with_vault = policy::analyse({.lab = lab, .leases = network()->situation.leases});
  const Question question{{"web", 0}, {.destination = {0x0d454048}, .destination_port = 443}};
  Asked asked;
  Probes answering = probes(asked, delivered());
  std::vector<Call> called;
  CallSeen says{.connected = true};
  answering.call = [&](const std::vector<Call>& calls, std::chrono::milliseconds) {
    called = calls;
    return Result<std::vector<CallSeen>>(std::vector<CallSeen>(calls.size(), says));
  };
  const auto differences = [&] {
    return Verifier(answering).verify(*with_vault, "eg", {question}).value()[0].differences;
  };
  says.text = R"({"access": "Deny", "code": "ForbiddenByFirewall"})";
  EXPECT_THAT(differences(), ::testing::Not(::testing::Contains(HasSubstr("service:"))));
  ASSERT_THAT(called, SizeIs(1));
  EXPECT_EQ(called[0].netns, "eg-app-web-0");
  EXPECT_EQ(called[0].port, 443);
  EXPECT_EQ(called[0].source_port, policy::Flow{}.source_port) << "rules may tell others apart";
  says.text = R"({"access": "Allow"})";
  EXPECT_THAT(differences(), ::testing::Contains(HasSubstr("service: Allow")));
}

}  // namespace
}  // namespace egress::probe
