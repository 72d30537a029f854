// SPDX-License-Identifier: MIT
#include "compile/speakers.hpp"

#include <gmock/gmock.h>

#include "compile/compile.hpp"
#include "compile/numbers.hpp"
#include "tests/support/network_of.hpp"
#include "tests/support/values.hpp"

namespace egress::compile {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;
using testing_support::ip;
using testing_support::lab_from;
using testing_support::network_of;
using testing_support::prefix;

lab::Lab office_lab() {
  return lab_from(R"(
location: westeurope
outboundIpAddresses: [20.50.1.4]
virtualNetworks:
  hub:
    addressPrefixes: [10.0.0.0/16]
    subnets: {GatewaySubnet: {addressPrefix: 10.0.255.0/27}}
virtualNetworkGateways:
  vpn: {virtualNetwork: hub, connections: {office: {enableBgp: true}, silent: {enableBgp: true}}}
onPremises:
  office:
    localNetworkAddressSpace: [192.168.10.0/24]
    bgpSettings: {asn: 65010, bgpPeeringAddress: 192.168.10.1}
  silent: {localNetworkAddressSpace: [192.168.11.0/24], advertisedPrefixes: [172.16.0.0/12]}
)");
}

state::KernelState compiled(bool bird_installed) {
  const auto network = network_of(office_lab());
  auto state = compile(*network, {.prefix = "eg", .bird_installed = bird_installed});
  EXPECT_TRUE(state.ok()) << state.error().to_string();
  return *std::move(state);
}

TEST(Speakers, RunInTheNamespaceOfTheirGateway) {
  const state::KernelState state = compiled(true);
  const state::NetnsState& gateway = *state.at("eg-gateway-vpn");
  const state::Process& bird = gateway.processes.at("bgp");
  EXPECT_EQ(bird.program, "/bin/sh");
  EXPECT_THAT(bird.arguments, Contains(HasSubstr("exec /usr/sbin/bird -f -c bird.conf")));
  const std::string& text = bird.files.at("bird.conf");
  EXPECT_THAT(text, HasSubstr("local 10.0.255.4 as 65515;"));
  EXPECT_THAT(text, HasSubstr("neighbor 192.168.10.1 as 65010;"));
  EXPECT_THAT(text, HasSubstr("route 10.0.0.0/16 blackhole;"));
  EXPECT_TRUE(gateway.routes.contains({state::kPeeringsTable, prefix("192.168.10.1/32")}));
}

TEST(Speakers, FindTheNeighboursAddressWhereThatStands) {
  const state::KernelState state = compiled(true);
  const state::NetnsState& office = *state.at("eg-onprem-office");
  EXPECT_TRUE(office.addresses.contains({"lo", ip("192.168.10.1"), 32}));
  EXPECT_TRUE(office.routes.contains({state::kPeeringsTable, prefix("10.0.255.4/32")}));
  EXPECT_THAT(state.at("eg-onprem-silent")->addresses, IsEmpty());
}

TEST(Speakers, AreNotThereWithoutBird) {
  const state::KernelState state = compiled(false);
  EXPECT_THAT(state.at("eg-gateway-vpn")->processes, IsEmpty());
  EXPECT_THAT(state.at("eg-onprem-office")->addresses, IsEmpty());
}

TEST(Speakers, HaveATableForEachSessionThatStaysWhenOthersCome) {
  policy::Situation situation{.lab = office_lab()};
  situation.numbers = *numbers(situation);
  const auto places = speakers_of(*policy::analyse(situation), "eg");
  ASSERT_EQ(places.size(), 1U);
  const SpeakerPlace& place = places.at("vpn");
  EXPECT_EQ(place.process, (state::ProcessRef{"eg-gateway-vpn", "bgp"}));
  ASSERT_EQ(place.sessions.size(), 1U);
  situation.lab.on_premises.at("silent").bgp_settings = {65011, ip("192.168.11.1")};
  situation.numbers = *numbers(situation);
  const auto more = speakers_of(*policy::analyse(situation), "eg").at("vpn").sessions;
  EXPECT_EQ(more.size(), 2U);
  EXPECT_EQ(more.at(place.sessions.begin()->first), "office");
}

}  // namespace
}  // namespace egress::compile
