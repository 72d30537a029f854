// SPDX-License-Identifier: MIT
#include "policy/platform/outcome.hpp"

#include <fmt/format.h>

#include "tests/unit/policy/policy_test.hpp"

namespace egress::policy::test {
namespace {

using lab::Verdict;

const Ipv4Address kFarEnd = ip("20.61.97.140");

// Of a flow that arrives.
Explanation arrival() {
  return {.flow = {.destination = kFarEnd, .destination_port = 443},
          .verdict = Verdict::kAllow,
          .source = ip("20.50.1.4"),
          .decided_by = {Stage::kRoute, "default/0.0.0.0_0"},
          .steps = {{Stage::kRoute, "hub", "Internet", "default/0.0.0.0_0", "It leads on."},
                    {Stage::kDestination, "internet", "delivered", "images", "It arrives."}},
          .reply = Reply{Verdict::kAllow},
          .host = "images"};
}

Explanation lost(Verdict verdict, DecidedBy by) {
  Explanation explanation = arrival();
  explanation.verdict = verdict;
  explanation.source.reset();
  explanation.reply.reset();
  explanation.decided_by = std::move(by);
  return explanation;
}

Explanation forbidden() {
  Explanation explanation = arrival();
  explanation.service = {.access = lab::Access::kDeny,
                         .code = "ForbiddenByFirewall",
                         .reason = "No IP rule holds it.",
                         .message = "Client address is not authorized."};
  return explanation;
}

Explanation refused() {
  Explanation explanation = arrival();
  explanation.refused = true;
  return explanation;
}

Explanation without_answer(std::vector<Step> steps) {
  Explanation explanation = arrival();
  explanation.reply = Reply{Verdict::kDrop, "Nobody knows the way.", std::move(steps)};
  return explanation;
}

TEST(OutcomeOf, ACallIsWhatItsClientSees) {
  const Ipv4Address source = ip("20.50.1.4");
  EXPECT_EQ(outcome_of(arrival()), (CallOutcome{CallResult::kReached, kFarEnd, source}));
  EXPECT_EQ(outcome_of(forbidden()),
            (CallOutcome{CallResult::kForbidden, kFarEnd, source, "ForbiddenByFirewall",
                         "Client address is not authorized."}));
  EXPECT_EQ(outcome_of(refused()), (CallOutcome{CallResult::kRefused, kFarEnd, source}));
  EXPECT_EQ(outcome_of(without_answer({})), (CallOutcome{CallResult::kTimedOut, kFarEnd, source}));
  const DecidedBy rule{Stage::kNetworkSecurityGroup, "nsg/no"};
  for (const Verdict verdict : {Verdict::kDeny, Verdict::kDrop, Verdict::kNoRoute}) {
    EXPECT_EQ(outcome_of(lost(verdict, rule)), (CallOutcome{CallResult::kTimedOut, kFarEnd}));
  }
  EXPECT_EQ(outcome_of(lost(Verdict::kUnresolved, {Stage::kNameResolution, "publicDns"})),
            CallOutcome{.result = CallResult::kUnresolved});
}

TEST(OutcomeOf, ACallToAProgramOfAnAppIsReached) {
  Explanation explanation = arrival();
  explanation.answer_unknown = true;
  EXPECT_EQ(outcome_of(explanation).result, CallResult::kReached);
}

TEST(OutcomeOf, ACallThatThePlatformRefusesIsRefused) {
  Explanation explanation = lost(Verdict::kDrop, {Stage::kPlatform, "integration"});
  explanation.refused = true;
  EXPECT_EQ(outcome_of(explanation).result, CallResult::kRefused);
}

// "Deny by networkSecurityGroup nsg/no: It is denied."
std::string loss(const Explanation& explanation) {
  const auto found = loss_of(explanation);
  if (!found) return "none";
  return fmt::format("{} by {} {}: {}", lab::name_of(found->outcome),
                     name_of(found->decided_by.stage), found->decided_by.name, found->reason);
}

TEST(LossOf, AFlowIsByWhoMadeItFail) {
  EXPECT_EQ(loss(arrival()), "none");
  EXPECT_EQ(loss(forbidden()), "Forbidden by service images: No IP rule holds it.");
  EXPECT_EQ(loss(refused()), "Refused by destination images: It arrives.");
  EXPECT_EQ(loss(without_answer({})), "NoAnswer by destination images: Nobody knows the way.");
  EXPECT_EQ(loss(without_answer({{Stage::kRoute, "hub", "Drop", "table/none", ""}})),
            "NoAnswer by route table/none: Nobody knows the way.");
}

TEST(LossOf, AFlowOnItsWayHasTheSentenceOfTheStepThatDecided) {
  Explanation explanation = lost(Verdict::kNoRoute, {Stage::kRoute, "default/0.0.0.0_0"});
  EXPECT_EQ(loss(explanation), "NoRoute by route default/0.0.0.0_0: It leads on.");
  explanation.decided_by = {Stage::kNetworkSecurityGroup, "nsg/no"};
  explanation.verdict = Verdict::kDeny;
  EXPECT_EQ(loss(explanation), "Deny by networkSecurityGroup nsg/no: It arrives.") << "the last";
}

}  // namespace
}  // namespace egress::policy::test
