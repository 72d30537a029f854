// SPDX-License-Identifier: MIT
#include "policy/flow_hash.hpp"

#include <set>
#include <vector>

#include "tests/unit/policy/policy_test.hpp"

namespace egress::policy::test {
namespace {

Packet packet(uint16_t source_port) {
  return {.protocol = number_of(Protocol::kTcp),
          .source = ip("10.1.1.4"),
          .destination = ip("10.1.2.4"),
          .source_port = source_port,
          .destination_port = 1433};
}

Packet answer_to(const Packet& packet) {
  return {.protocol = packet.protocol,
          .source = packet.destination,
          .destination = packet.source,
          .source_port = packet.destination_port,
          .destination_port = packet.source_port};
}

constexpr lab::LoadDistribution kAll[] = {lab::LoadDistribution::kDefault,
                                          lab::LoadDistribution::kSourceIp,
                                          lab::LoadDistribution::kSourceIpProtocol};

TEST(FlowHash, ChoosesAlikeForAFlowAndItsAnswers) {
  for (const lab::LoadDistribution distribution : kAll) {
    const FlowHash hash{7, distribution};
    for (uint16_t port = 1024; port < 1124; ++port) {
      EXPECT_EQ(hash.choose(packet(port), 3), hash.choose(answer_to(packet(port)), 3)) << port;
    }
  }
}

TEST(FlowHash, GivesEachOfSeveralItsShare) {
  const FlowHash hash{.seed = 0x0a00010a};
  std::vector<int> counts(4);
  for (uint16_t port = 10000; port < 14000; ++port) ++counts[hash.choose(packet(port), 4)];
  for (const int count : counts) EXPECT_NEAR(count, 1000, 150);
}

TEST(FlowHash, LooksAtPortsInTheDefaultAlone) {
  const auto choices = [](lab::LoadDistribution distribution) {
    std::set<uint32_t> found;
    for (uint16_t port = 1024; port < 1124; ++port) {
      found.insert(FlowHash{7, distribution}.choose(packet(port), 5));
    }
    return found.size();
  };
  EXPECT_EQ(choices(lab::LoadDistribution::kDefault), 5U);
  EXPECT_EQ(choices(lab::LoadDistribution::kSourceIp), 1U);
  EXPECT_EQ(choices(lab::LoadDistribution::kSourceIpProtocol), 1U);
}

TEST(FlowHash, TellsProtocolsApartButByAddressesAlone) {
  const auto differ = [](lab::LoadDistribution distribution) {
    int differences = 0;
    for (uint32_t seed = 1; seed < 100; ++seed) {
      Packet udp = packet(1024);
      udp.protocol = number_of(Protocol::kUdp);
      const FlowHash hash{seed, distribution};
      differences += hash.choose(packet(1024), 2) != hash.choose(udp, 2) ? 1 : 0;
    }
    return differences;
  };
  EXPECT_GT(differ(lab::LoadDistribution::kSourceIpProtocol), 20);
  EXPECT_EQ(differ(lab::LoadDistribution::kSourceIp), 0);
}

TEST(FlowHash, DecidesForEachFrontendAnew) {
  int differences = 0;
  for (uint16_t port = 1024; port < 1124; ++port) {
    differences +=
        FlowHash{1, {}}.choose(packet(port), 2) != FlowHash{2, {}}.choose(packet(port), 2) ? 1 : 0;
  }
  EXPECT_GT(differences, 20);
}

}  // namespace
}  // namespace egress::policy::test
