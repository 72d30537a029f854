// SPDX-License-Identifier: MIT
#include "compile/identity.hpp"

#include <gmock/gmock.h>

#include "settings/identity_text.hpp"
#include "tests/support/applied_lab.hpp"
#include "tests/support/lab_from.hpp"
#include "tests/support/values.hpp"

namespace egress::compile {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing_support::ip;

constexpr const char* kAuthority =
    "hosts: {login: {internet: true, ipAddress: 20.190.1.1, names: [login.microsoftonline.com]}}";

// Two apps of one plan, of which one has an identity; another plan without.
lab::Lab lab_with(const std::string& more = {}) {
  return testing_support::lab_from(R"(
outboundIpAddresses: [20.50.1.4]
serverFarms: {plan: {capacity: 2}, other: {}}
sites:
  web: {serverFarm: plan, identity: {type: SystemAssigned}}
  plain: {serverFarm: plan}
  alone: {serverFarm: other}
)" + more);
}

settings::IdentityEndpoint endpoint_in(const state::KernelState& state, const char* netns) {
  const auto& attachment = state.at(netns)->attachments.at(settings::kIdentityAttachment);
  return std::get<settings::IdentityEndpoint>(
      settings::parse_identity_role(*attachment.settings).value());
}

TEST(IdentityEndpoint, IsInTheWorkersOfAppsThatHaveAnIdentity) {
  const state::KernelState state = testing_support::compiled(lab_with(kAuthority));
  EXPECT_TRUE(state.at("eg-stamp")->processes.contains("identity"));
  for (const char* worker : {"eg-worker-plan-0", "eg-worker-plan-1"}) {
    const settings::IdentityEndpoint endpoint = endpoint_in(state, worker);
    EXPECT_EQ(endpoint.address, ip("169.254.129.1"));
    ASSERT_EQ(endpoint.apps.size(), 1U);
    EXPECT_EQ(endpoint.apps[0].site, "web");
    EXPECT_EQ(endpoint.apps[0].header, identity_header("web"));
    EXPECT_TRUE(state.at(endpoint.apps[0].lane)->attachments.contains("identity"));
    EXPECT_TRUE(
        state.at("eg-app-web-0")->addresses.contains({"eth0", endpoint.apps[0].address, 24}));
  }
  EXPECT_FALSE(state.at("eg-worker-other-0")->attachments.contains("identity"));
}

TEST(IdentityEndpoint, CallsFromTheNamespaceOfItsClassWhereSomebodyIsCalled) {
  const auto lane_in = [](const std::string& more) {
    return endpoint_in(testing_support::compiled(lab_with(more)), "eg-worker-plan-1").apps[0].lane;
  };
  EXPECT_EQ(lane_in(kAuthority), "eg-app-web-1-managed-identity");
  EXPECT_EQ(lane_in(""), "");
}

TEST(IdentityEndpoint, IsOpenInTheWorkersOfItsPlanAlone) {
  const state::KernelState state = testing_support::compiled(lab_with());
  const auto input = [&](const char* worker) {
    return state::to_text(*state.at(worker)->firewall->table);
  };
  EXPECT_THAT(input("eg-worker-plan-0"), HasSubstr("tcp dport 8081 accept"));
  EXPECT_THAT(input("eg-worker-other-0"), Not(HasSubstr("8081")));
}

TEST(IdentityEndpoint, IsNothingWhereNobodyHasAnIdentity) {
  lab::Lab lab = lab_with();
  lab.sites["web"].identity = lab::IdentityType::kNone;
  EXPECT_FALSE(testing_support::compiled(lab).at("eg-stamp")->processes.contains("identity"));
}

}  // namespace
}  // namespace egress::compile
