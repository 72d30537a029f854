// SPDX-License-Identifier: MIT
#include "inspect/expectations.hpp"

#include <gmock/gmock.h>

#include "tests/support/network_of.hpp"
#include "tests/support/values.hpp"

namespace egress::inspect {
namespace {

using namespace testing_support;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

std::shared_ptr<const policy::Network> network_expecting(
    const std::vector<lab::Expectation>& expectations) {
  lab::Lab lab = contract_lab();
  lab.expectations = expectations;
  return network_of(lab);
}

TEST(Expectations, AreJudgedInOrderEachForAPortOfItsOwn) {
  const auto network = network_expecting(
      {{.from = "web", .to = "tcp://sql:443", .expect = lab::Outcome::kAllow},
       {.from = "web", .to = "tcp://10.1.2.4:1433", .expect = lab::Outcome::kAllow}});
  uint16_t port = 50000;
  const auto results = test(*network, [&] { return port++; });
  ASSERT_THAT(results, SizeIs(2));
  EXPECT_THAT(results[0].differences, IsEmpty());
  EXPECT_EQ(results[0].explanation->flow.source_port, 50000);
  EXPECT_THAT(results[1].differences, ElementsAre(HasSubstr("nsg-integration/deny-sql")));
  EXPECT_EQ(results[1].explanation->flow.source_port, 50001);
}

TEST(Expectations, OfAFlowWithoutMeaningHaveNoExplanation) {
  const auto network = network_expecting(
      {{.from = "web", .to = "tcp://127.0.0.1:443", .expect = lab::Outcome::kAllow},
       {.from = "nobody", .to = "tcp://sql:443", .expect = lab::Outcome::kAllow}});
  for (const TestResult& result : test(*network)) {
    EXPECT_THAT(result.differences, SizeIs(1));
    EXPECT_FALSE(result.explanation);
  }
}

TEST(ExplainUrl, TellsTheFormOfAUrlThatIsNone) {
  const auto got = explain_url(*network_expecting({}), {"web", 0}, "sql:443", std::nullopt);
  ASSERT_FALSE(got.ok());
  EXPECT_EQ(got.error().code, Errc::kInvalid);
  EXPECT_THAT(got.error().message, HasSubstr("tcp://HOST:PORT"));
}

TEST(Expectations, OfANameWithoutAddressSendNothing) {
  const auto network = network_expecting(
      {{.from = "web", .to = "tcp://nobody:443", .expect = lab::Outcome::kUnresolved},
       {.from = "web", .to = "tcp://nobody:443", .expect = lab::Outcome::kAllow}});
  const auto results = test(*network);
  EXPECT_THAT(results[0].differences, IsEmpty());
  EXPECT_THAT(results[1].differences, ElementsAre(HasSubstr("Unresolved by publicDns")));
  for (const TestResult& result : results) EXPECT_FALSE(result.explanation->is_sent());
}

TEST(Expectations, OfLookupsAreJudgedByWhatTheAppsServersSay) {
  const auto network = network_expecting(
      {{.from = "web", .resolve = "sql", .addresses = {ip("10.1.2.4")}},
       {.from = "web", .resolve = "nobody", .status = lab::LookupStatus::kNxDomain},
       {.from = "web", .resolve = "nobody", .addresses = {ip("10.1.2.4")}},
       {.from = "nobody", .resolve = "sql", .addresses = {ip("10.1.2.4")}}});
  const auto results = test(*network);
  EXPECT_THAT(results[0].differences, IsEmpty());
  EXPECT_THAT(results[1].differences, IsEmpty());
  EXPECT_THAT(results[2].differences,
              ElementsAre("addresses: expected 10.1.2.4, got NXDOMAIN by publicDns"));
  EXPECT_EQ(results[2].resolution->status, lab::LookupStatus::kNxDomain);
  EXPECT_THAT(results[3].differences, ElementsAre(HasSubstr("nobody")));
}

TEST(Expectations, OfStartsAreJudgedByThePrediction) {
  lab::Lab lab = contract_lab();
  lab.sites["plain"].server_farm = "plan";
  lab.sites["pulling"] = {.server_farm = "plan", .linux_fx_version = "DOCKER|10.9.9.9:5000/web"};
  lab.expectations = {{.from = "plain", .startup = true, .running = true},
                      {.from = "pulling", .by = "image-pull", .startup = true, .running = false},
                      {.from = "pulling", .startup = true, .running = true},
                      {.from = "nobody", .startup = true, .running = true}};
  const auto results = test(*network_of(lab));
  EXPECT_THAT(results[0].differences, IsEmpty()) << "a site that asks for nothing";
  EXPECT_THAT(results[1].differences, IsEmpty());
  EXPECT_THAT(results[2].differences,
              ElementsAre(HasSubstr("startup: expected running, got failed by image-pull: ")));
  EXPECT_EQ(results[2].startup->failed_step, lab::TrafficClass::kImagePull);
  EXPECT_THAT(results[3].differences, ElementsAre(HasSubstr("nobody")));
  EXPECT_FALSE(results[3].startup);
}

}  // namespace
}  // namespace egress::inspect
