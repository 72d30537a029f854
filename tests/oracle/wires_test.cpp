// SPDX-License-Identifier: MIT
// A wire sees the packets of a worker and asks about them as such: what it is told must be what the
// app is told, for whatever enters the network.
#include <gtest/gtest.h>

#include "ipam/leases.hpp"
#include "policy/walk.hpp"
#include "tests/oracle/generator.hpp"

namespace egress::oracle {
namespace {

void expect_same(const policy::Report& of_app, const policy::Report& of_integration) {
  const policy::Explanation& one = of_app.explanation;
  const policy::Explanation& other = of_integration.explanation;
  EXPECT_EQ(other.verdict, one.verdict);
  EXPECT_EQ(other.decided_by.stage, one.decided_by.stage);
  EXPECT_EQ(other.decided_by.name, one.decided_by.name);
  EXPECT_EQ(other.refused, one.refused);
  EXPECT_EQ(other.sources, one.sources);
  EXPECT_EQ(other.host, one.host);
  const policy::NextHop none{};
  EXPECT_EQ(other.next_hop.value_or(none).type, one.next_hop.value_or(none).type);
}

// In parts, so that a run of the tests shares them out.
class PacketsOfIntegrations : public testing::TestWithParam<uint64_t> {};

TEST_P(PacketsOfIntegrations, MeetWhatThePacketsOfTheirAppsDo) {
  constexpr uint64_t kLabs = 50;
  constexpr size_t kFlows = 100;
  size_t entered = 0;
  size_t ended = 0;
  for (uint64_t seed = 1 + GetParam() * kLabs; seed <= (1 + GetParam()) * kLabs; ++seed) {
    const lab::Lab lab = random_lab(seed);
    const auto leases = ipam::first_addresses(lab).value();
    const auto network = policy::analyse({.lab = lab, .leases = leases});
    for (const ProbeCase& probe : random_flows(lab, leases, seed, kFlows)) {
      if (!probe.from.host.empty()) continue;
      const auto app = policy::find_app(*network, probe.from);
      ASSERT_TRUE(app.ok());
      const policy::Origin origin = policy::origin_of(*network, *app);
      const policy::Report report = policy::walk(*network, origin, probe.flow);
      // What leaves directly may still come to a machine, by its public address.
      const bool enters = report.explanation.path == lab::Path::kVirtualNetwork;
      if (!enters || report.trail.passages.empty()) continue;
      SCOPED_TRACE(testing::Message() << "seed " << seed << " " << probe.from.to_string() << " to "
                                      << probe.flow.destination.to_string());
      expect_same(report,
                  policy::walk(*network, policy::origin_of_integration(*network, origin.interface),
                               probe.flow));
      ++entered;
      if (!report.trail.passages.front().left) ++ended;
      if (report.explanation.verdict != lab::Verdict::kAllow) continue;
      for (const auto& passage : report.trail.passages) {
        EXPECT_TRUE(passage.left) << "what arrives has left every network on its way";
      }
    }
  }
  EXPECT_GT(entered, kLabs * kFlows / 4);
  EXPECT_GT(ended, kLabs);
}

INSTANTIATE_TEST_SUITE_P(Parts, PacketsOfIntegrations, testing::Range<uint64_t>(0, 4));

}  // namespace
}  // namespace egress::oracle
