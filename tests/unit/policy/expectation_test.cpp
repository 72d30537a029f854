// SPDX-License-Identifier: MIT
#include "policy/explain.hpp"
#include "tests/unit/policy/policy_test.hpp"

namespace egress::policy::test {
namespace {

using lab::Path;
using lab::Verdict;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(Expectations, OfTheContractHold) {
  const lab::Lab lab = contract_lab();
  const std::vector<lab::Expectation> expectations{
      {.to = "tcp://10.1.2.4:1433", .expect = Verdict::kDeny, .by = "nsg-integration/deny-sql"},
      {.to = "tcp://10.1.2.4:443", .expect = Verdict::kAllow, .via = Path::kVirtualNetwork},
      {.to = "tcp://93.184.216.34:443",
       .expect = Verdict::kAllow,
       .via = Path::kVirtualNetwork,
       .source = ip("20.61.0.10")}};
  for (const lab::Expectation& each : expectations) {
    EXPECT_THAT(mismatches(each, explain(lab, "web", each.to)), IsEmpty()) << each.to;
  }
}

TEST(Expectations, NameEachThingThatDiffers) {
  const Explanation got = explain(contract_lab(), "web", "tcp://10.1.2.4:1433");
  EXPECT_THAT(mismatches({.to = "tcp://10.1.2.4:1433",
                          .expect = Verdict::kAllow,
                          .by = "nsg-integration/other",
                          .via = Path::kDirect,
                          .source = ip("1.2.3.4")},
                         got),
              ElementsAre("verdict: expected Allow, got Deny by nsg-integration/deny-sql",
                          "decided by: expected nsg-integration/other, got "
                          "nsg-integration/deny-sql",
                          "path: expected direct, got virtualNetwork",
                          "source: expected 1.2.3.4, got none"));
}

TEST(Expectations, CompareRuleNamesWithoutCase) {
  const Explanation got = explain(contract_lab(), "web", "tcp://10.1.2.4:443");
  EXPECT_THAT(
      mismatches({.to = "tcp://10.1.2.4:443", .by = "nsg-integration/allowVNetOutbound"}, got),
      IsEmpty());
}

TEST(Expectations, WantTheAnswerForTcpOnly) {
  Explanation got{.verdict = Verdict::kAllow};
  got.reply = Reply{Verdict::kDrop, "lost"};
  EXPECT_THAT(mismatches({.to = "tcp://sql:443"}, got),
              ElementsAre(HasSubstr("reply: expected Allow, got Drop: lost")));
  EXPECT_THAT(mismatches({.to = "udp://sql:443"}, got), IsEmpty());
  EXPECT_THAT(mismatches({.to = "icmp://sql"}, got), IsEmpty());
}

}  // namespace
}  // namespace egress::policy::test
