// SPDX-License-Identifier: MIT
#include "compile/wires.hpp"

#include <gmock/gmock.h>

#include "compile/compile.hpp"
#include "settings/situation_text.hpp"
#include "settings/wire_text.hpp"
#include "state/ops.hpp"
#include "tests/support/network_of.hpp"

namespace egress::compile {
namespace {

using testing::IsEmpty;

// Two instances in a network with a list, and one of another plan.
lab::Lab lab_with(const std::string& interface) {
  return testing_support::lab_from(R"(
outboundIpAddresses: [20.50.1.4]
virtualNetworks:
  spoke:
    addressPrefixes: [10.1.0.0/16]
    subnets:
      apps:
        addressPrefix: 10.1.1.0/26
        delegations: [Microsoft.Web/serverFarms]
        networkSecurityGroup: nsg
      others: {addressPrefix: 10.1.3.0/26, delegations: [Microsoft.Web/serverFarms]}
networkSecurityGroups:
  nsg:
    securityRules:
      deny-sql: {priority: 100, direction: Outbound, access: Deny, protocol: Tcp,
                 sourceAddressPrefix: "*", sourcePortRange: "*",
                 destinationAddressPrefix: 10.1.2.0/24, destinationPortRange: "1433"}
serverFarms: {plan: {capacity: 2, interface: )" +
                                   interface + R"(}, other: {}, alone: {interface: tun}}
sites:
  web: {serverFarm: plan, virtualNetworkSubnet: spoke/apps}
  api: {serverFarm: other, virtualNetworkSubnet: spoke/others}
  job: {serverFarm: alone}
)");
}

policy::Situation situation_of(const lab::Lab& lab) {
  return {.lab = lab, .leases = testing_support::leases_of(lab)};
}

state::KernelState compiled(policy::Situation situation) {
  return compile(*policy::analyse(std::move(situation))).value();
}

settings::WireEnd end_in(const state::KernelState& state, const char* netns, const char* link) {
  return settings::parse_wire_end(
             *state.at(netns)->attachments.at(std::string("wire-") + link).settings)
      .value();
}

// Without what is on a link of any kind in either state.
state::NetnsState without_links(state::NetnsState netns) {
  netns.links.clear();
  netns.neighbours.clear();
  netns.attachments.clear();
  netns.processes.clear();
  return netns;
}

TEST(Wires, AreTwoTunsWithoutNeighboursWhereAPairWouldBe) {
  const state::KernelState wired = compiled(situation_of(lab_with("tun")));
  const state::Link& here = wired.at("eg-worker-plan-1")->links.at("integ0");
  const state::Link& there = wired.at("eg-vnet-spoke")->links.at("w-plan-1-0");
  EXPECT_EQ(here, (state::Link{.name = "integ0",
                               .kind = state::LinkKind::kTun,
                               .forwarding = true,
                               .accept_local = true,
                               .alias = "integration spoke/apps",
                               .tx_queue_length = 4096}));
  EXPECT_EQ(there, (state::Link{.name = "w-plan-1-0",
                                .kind = state::LinkKind::kTun,
                                .forwarding = true,
                                .accept_local = true,
                                .alias = "integ0 of eg-worker-plan-1",
                                .tx_queue_length = 4096}));
  for (const auto& [netns, content] : wired) {
    for (const state::Neighbour& entry : content->neighbours) {
      EXPECT_EQ(content->links.at(entry.link).kind, state::LinkKind::kVeth) << netns;
    }
  }
  EXPECT_TRUE(state::diff(wired, {}).ok());
}

TEST(Wires, ChangeNothingButLinksNeighboursAndWhoCarries) {
  const state::KernelState wired = compiled(situation_of(lab_with("tun")));
  const state::KernelState joined = compiled(situation_of(lab_with("veth")));
  ASSERT_EQ(wired.size(), joined.size());
  for (const auto& [netns, content] : joined) {
    EXPECT_EQ(without_links(*wired.at(netns)), without_links(*content)) << netns;
    for (const auto& [name, link] : content->links) {
      const state::Link& other = wired.at(netns)->links.at(name);
      if (other.kind != state::LinkKind::kVeth) continue;
      EXPECT_EQ(to_text(link), to_text(other));
    }
  }
}

TEST(Wires, AreCarriedByOneProcessThatIsToldTheNetworkAndBothEndsOfEach) {
  const policy::Situation situation = situation_of(lab_with("tun"));
  const state::KernelState state = compiled(situation);
  const state::NetnsState& stamp = *state.at("eg-stamp");
  EXPECT_EQ(stamp.processes.at("wire").program, "egress-wire");
  EXPECT_EQ(*stamp.attachments.at("network").settings, settings::to_text(situation));
  const lab::Integration integration{"plan", 1, {"spoke", "apps"}};
  const settings::WireEnd worker{
      .wire = "plan/1 spoke/apps", .in_worker = true, .link = "integ0", .integration = integration};
  EXPECT_EQ(end_in(state, "eg-worker-plan-1", "integ0"), worker);
  const settings::WireEnd vnet{
      .wire = worker.wire, .link = "w-plan-1-0", .integration = integration};
  EXPECT_EQ(end_in(state, "eg-vnet-spoke", "w-plan-1-0"), vnet);
  for (const auto& [netns, content] : state) {
    for (const auto& [name, attachment] : content->attachments) {
      if (name == "network" || name.starts_with("wire-")) {
        EXPECT_EQ(attachment.process, (state::ProcessRef{"eg-stamp", kWireProcess}));
      }
    }
  }
  EXPECT_EQ(state.at("eg-worker-other-0")->attachments.count("wire-integ0"), 0U);
}

TEST(Wires, WithoutAnIntegrationThereIsNothingToCarry) {
  const state::KernelState state = compiled(situation_of(lab_with("veth")));
  EXPECT_EQ(state.at("eg-stamp")->processes.count("wire"), 0U);
  EXPECT_EQ(state.at("eg-stamp")->attachments.count("network"), 0U);
  EXPECT_FALSE(state::has_tun(state));
}

TEST(Wires, AreToldTheirPlansImpairmentAndWhatIsImposedOnTheInstance) {
  policy::Situation situation = situation_of(lab_with("tun"));
  lab::ServerFarm& plan = situation.lab.server_farms.at("plan");
  plan.impairment = lab::Impairment{.latency = std::chrono::milliseconds(20), .loss = 0.05};
  const policy::Imposed held{.held = true, .until_ms = 1'800'000'000'000};
  situation.imposed[{"plan", 1}] = held;
  const state::KernelState state = compiled(situation);
  EXPECT_EQ(end_in(state, "eg-worker-plan-0", "integ0").impairment, plan.impairment);
  EXPECT_EQ(end_in(state, "eg-worker-plan-0", "integ0").imposed, std::nullopt);
  EXPECT_EQ(end_in(state, "eg-worker-plan-1", "integ0").impairment, plan.impairment);
  EXPECT_EQ(end_in(state, "eg-worker-plan-1", "integ0").imposed, held);
  EXPECT_EQ(end_in(state, "eg-vnet-spoke", "w-plan-1-0").imposed, std::nullopt);
}

TEST(Wires, AreToldOfAChangedListBesideItsNetworksFirewall) {
  const auto before = testing_support::network_of(lab_with("tun"));
  const state::KernelState state = compile(*before).value();
  lab::Lab lab = before->situation.lab;
  lab.network_security_groups["nsg"].security_rules["deny-sql"].destination_ports =
      PortSet({{1434, 1434}});
  const auto after = testing_support::network_of(lab, before.get());
  const state::KernelState anew = compile(*after, {}, Compiled{*before, state}).value();
  EXPECT_EQ(to_text(anew), to_text(compile(*after).value()));
  EXPECT_NE(anew.at("eg-stamp")->attachments.at("network"),
            state.at("eg-stamp")->attachments.at("network"));
  for (const auto& [netns, content] : anew) {
    const bool told = netns == "eg-vnet-spoke" || netns == "eg-stamp";
    EXPECT_EQ(content.shares_with(state.at(netns)), !told) << netns;
  }
}

}  // namespace
}  // namespace egress::compile
