// SPDX-License-Identifier: MIT
#include "inspect/expectations.hpp"

#include <gmock/gmock.h>

#include "tests/support/spoke_lab.hpp"

namespace egress::inspect {
namespace {

using namespace testing_support;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

std::shared_ptr<const policy::Network> network_expecting(
    const std::vector<lab::Expectation>& expectations) {
  lab::Lab lab = spoke_lab();
  lab.expectations = expectations;
  return policy::analyse({.lab = std::move(lab), .leases = spoke_addresses()});
}

TEST(Expectations, AreJudgedInOrderEachForAPortOfItsOwn) {
  const auto network = network_expecting(
      {{.from = "web", .to = "tcp://sql:443", .expect = lab::Verdict::kAllow},
       {.from = "web", .to = "tcp://10.1.2.4:1433", .expect = lab::Verdict::kAllow}});
  uint16_t port = 50000;
  const auto results = test(*network, [&] { return port++; });
  ASSERT_THAT(results, SizeIs(2));
  EXPECT_THAT(results[0].differences, IsEmpty());
  EXPECT_EQ(results[0].flow.source_port, 50000);
  EXPECT_THAT(results[1].differences, ElementsAre(HasSubstr("nsg/deny-sql")));
  EXPECT_EQ(results[1].flow.source_port, 50001);
}

TEST(Expectations, OfAFlowWithoutMeaningHaveNoExplanation) {
  const auto network = network_expecting(
      {{.from = "web", .to = "tcp://nobody:443", .expect = lab::Verdict::kAllow},
       {.from = "nobody", .to = "tcp://sql:443", .expect = lab::Verdict::kAllow}});
  for (const TestResult& result : test(*network)) {
    EXPECT_THAT(result.differences, ElementsAre(HasSubstr("nobody")));
    EXPECT_FALSE(result.explanation);
  }
}

}  // namespace
}  // namespace egress::inspect
