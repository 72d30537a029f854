// SPDX-License-Identifier: MIT
// What responders are told of TLS.
#include <gmock/gmock.h>

#include "compile/compile.hpp"
#include "settings/responder_text.hpp"
#include "tests/support/network_of.hpp"

namespace egress::compile {
namespace {

using testing::Contains;
using testing::IsEmpty;

const tls::Authority kSigning{.certificate = "certificate", .key = "key"};

state::KernelState compiled_with(const tls::Authority& authority, const std::string& more = {}) {
  const auto network = testing_support::network_of(testing_support::lab_from(R"(
hosts:
  shop: {internet: true, ipAddress: 93.184.216.34, names: [shop.example.com], listen: [tcp/443]}
  alt: {internet: true, ipAddress: 93.184.216.35, names: [alt.example.com], listen: [tcp/8443]}
  plain: {internet: true, ipAddress: 93.184.216.36, names: [plain.example.com], listen: [tcp/80]}
)" + more));
  return compile(*network, {.authority = authority}).value();
}

settings::Responder responder_in(const state::KernelState& state, const std::string& netns) {
  return settings::parse_responder(*state.at(netns)->attachments.at("responder").settings).value();
}

TEST(ResponderOfAHost, HasTheAuthorityAndItsNamesWhereItMaySpeakTls) {
  const state::KernelState state = compiled_with(kSigning);
  for (const std::string name : {"shop", "alt"}) {
    const settings::Responder told = responder_in(state, "eg-host-" + name);
    EXPECT_EQ(told.authority, kSigning) << name;
    EXPECT_THAT(told.served.names, Contains(name + ".example.com"));
  }
  const settings::Responder plain = responder_in(state, "eg-host-plain");
  EXPECT_EQ(plain.authority, tls::Authority{}) << "nobody there has a use for it";
  EXPECT_THAT(plain.served.names, IsEmpty());
}

TEST(ResponderOfAHost, IsNotStartedAnewForAnotherNameOrAnotherAuthority) {
  const state::KernelState before = compiled_with(kSigning);
  const state::KernelState after =
      compiled_with({.certificate = "another", .key = "other"},
                    "publicDns: {recordSets: {pay.example.com: {A: [93.184.216.34]}}}");
  EXPECT_EQ(before.at("eg-host-shop")->processes, after.at("eg-host-shop")->processes);
  EXPECT_NE(before.at("eg-host-shop")->attachments, after.at("eg-host-shop")->attachments);
  EXPECT_THAT(responder_in(after, "eg-host-shop").served.names, Contains("pay.example.com"));
}

}  // namespace
}  // namespace egress::compile
