// SPDX-License-Identifier: MIT
#include "policy/classifier.hpp"

#include <algorithm>
#include <map>
#include <random>
#include <set>

#include "tests/unit/policy/plain_reading.hpp"
#include "tests/unit/policy/policy_test.hpp"

namespace egress::policy::test {
namespace {

using lab::Access;
using lab::Direction;
using lab::SecurityRuleProtocol;
using Random = std::mt19937_64;

uint32_t below(Random& random, uint32_t bound) {
  return static_cast<uint32_t>(random() % bound);
}

EffectiveRule catch_all() {
  return {.name = "nsg/DenyAll",
          .rule = make_rule(65500, Direction::kOutbound, Access::kDeny, {}),
          .sources = AddressSet::all(),
          .destinations = AddressSet::all()};
}

// A few nested and adjacent ranges, so that random rules meet.
AddressSet random_addresses(Random& random) {
  if (below(random, 3) == 0) return AddressSet::all();
  std::vector<Ipv4Prefix> prefixes;
  const uint32_t count = below(random, 4);  // none: a security group without members
  for (uint32_t at = 0; at < count; ++at) {
    const auto length = static_cast<uint8_t>(below(random, 33));
    Ipv4Prefix prefix{{below(random, 2) == 0 ? 0x0a000000 + below(random, 64) : ~below(random, 8)},
                      length};
    prefix.address.bits &= prefix.mask();
    prefixes.push_back(prefix);
  }
  return address_set(prefixes);
}

uint16_t random_port(Random& random) {
  constexpr uint16_t kPorts[] = {0, 1, 2, 79, 80, 81, 442, 443, 1024, 50000, 65534, 65535};
  return kPorts[below(random, std::size(kPorts))];
}

PortSet random_ports(Random& random) {
  if (below(random, 2) == 0) return PortSet::all();
  std::vector<Interval<uint16_t>> ranges;
  for (uint32_t count = 1 + below(random, 3); count > 0; --count) {
    const uint16_t a = random_port(random);
    const uint16_t b = random_port(random);
    ranges.push_back({std::min(a, b), std::max(a, b)});
  }
  return PortSet(ranges);
}

std::vector<EffectiveRule> random_rules(Random& random) {
  constexpr SecurityRuleProtocol kProtocols[] = {
      SecurityRuleProtocol::kAny,  SecurityRuleProtocol::kTcp, SecurityRuleProtocol::kUdp,
      SecurityRuleProtocol::kIcmp, SecurityRuleProtocol::kEsp, SecurityRuleProtocol::kAh};
  std::vector<EffectiveRule> rules;
  for (uint32_t count = below(random, 90); count > 0; --count) {
    EffectiveRule rule = catch_all();
    rule.rule.protocol = kProtocols[below(random, std::size(kProtocols))];
    rule.rule.destination_ports = random_ports(random);
    if (below(random, 3) == 0) rule.rule.source_ports = random_ports(random);
    rule.sources = random_addresses(random);
    rule.destinations = random_addresses(random);
    if (!rules.empty() && below(random, 3) == 0) {  // one tag in several rules
      const EffectiveRule& other = rules[below(random, static_cast<uint32_t>(rules.size()))];
      rule.sources = other.sources;
      rule.destinations = other.destinations;
    }
    rules.push_back(std::move(rule));
  }
  rules.push_back(catch_all());
  return rules;
}

Ipv4Address random_address(Random& random) {
  switch (below(random, 4)) {
    case 0: return {0x0a000000 + below(random, 66) - 1};
    case 1: return {~below(random, 10)};
    case 2: return {below(random, 2)};
    default: return {static_cast<uint32_t>(random())};
  }
}

Packet random_packet(Random& random) {
  constexpr uint8_t kProtocols[] = {kTcp, kTcp, kUdp, kUdp, kIcmp, kEsp, kAh, 47, 0, 255};
  Packet packet{.protocol = kProtocols[below(random, std::size(kProtocols))],
                .source = random_address(random),
                .destination = random_address(random)};
  if (has_ports(packet.protocol)) {
    packet.source_port = random_port(random);
    packet.destination_port = random_port(random);
  }
  return packet;
}

uint32_t index_of_first_match(const std::vector<EffectiveRule>& rules, const Packet& packet) {
  return static_cast<uint32_t>(first_match(rules, packet) - rules.data());
}

TEST(Classifier, DecidesAsTheFirstMatchingRule) {
  for (uint64_t seed = 1; seed <= 80; ++seed) {
    Random random(seed);
    const auto rules = random_rules(random);
    for (const Direction direction : {Direction::kOutbound, Direction::kInbound}) {
      const Classifier classifier = compile_classifier(rules, direction);
      for (int round = 0; round < 400; ++round) {
        const Packet packet = random_packet(random);
        ASSERT_EQ(classifier.decide(packet), index_of_first_match(rules, packet))
            << "seed " << seed << " protocol " << int{packet.protocol} << " "
            << packet.source.to_string() << ":" << packet.source_port << " to "
            << packet.destination.to_string() << ":" << packet.destination_port;
      }
    }
  }
}

// Rows of one group are adjacent, in order, without a hole, and not mergeable.
template <typename Row, typename Key, typename Range, typename Result>
void expect_partition(const std::vector<Row>& rows, Key key, Range range, Result result) {
  using Bound = decltype(range(rows.front()).first);
  for (size_t at = 0; at < rows.size(); ++at) {
    const bool starts = at == 0 || key(rows[at - 1]) != key(rows[at]);
    const bool ends = at + 1 == rows.size() || key(rows[at + 1]) != key(rows[at]);
    if (starts) {
      EXPECT_EQ(range(rows[at]).first, 0U);
      if (at != 0) {
        EXPECT_LT(key(rows[at - 1]), key(rows[at]));
      }
    } else {
      EXPECT_EQ(range(rows[at]).first, range(rows[at - 1]).last + 1U);
      EXPECT_NE(result(rows[at]), result(rows[at - 1]));
    }
    EXPECT_LE(range(rows[at]).first, range(rows[at]).last);
    if (ends) {
      EXPECT_EQ(range(rows[at]).last, std::numeric_limits<Bound>::max());
    }
  }
}

TEST(Classifier, RowsAreCompleteDisjointAndMerged) {
  for (uint64_t seed = 1; seed <= 30; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    const Classifier built = compile_classifier(random_rules(random), Direction::kOutbound);
    const auto result = [](const auto& row) { return row.result; };
    const auto from = [](const auto& row) { return row.from; };
    const auto addresses = [](const auto& row) { return row.addresses; };
    const auto ports = [](const auto& row) { return row.ports; };
    expect_partition(
        built.first, [](const auto&) { return 0; }, addresses, result);
    expect_partition(built.second, from, addresses, result);
    expect_partition(built.source_ports, from, ports, result);
    expect_partition(
        built.ported, [](const auto& row) { return std::pair(row.from, row.protocol); }, ports,
        [](const auto& row) { return row.rule; });
  }
}

TEST(Classifier, EveryClassInUseHasItsVerdicts) {
  for (uint64_t seed = 1; seed <= 30; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    const Classifier built = compile_classifier(random_rules(random), Direction::kOutbound);
    std::set<Classifier::Class> ported;
    std::set<Classifier::Class> by_source_port;
    std::set<Classifier::Class> split;
    std::map<Classifier::Class, std::set<uint8_t>> portless;
    for (const auto& row : built.ported) ported.insert(row.from);
    for (const auto& row : built.source_ports) by_source_port.insert(row.from);
    for (const auto& row : built.second) split.insert(row.from);
    for (const auto& row : built.portless) portless[row.from].insert(row.protocol);
    const auto expect_verdicts = [&](Classifier::Class each) {
      EXPECT_TRUE(ported.contains(each) != by_source_port.contains(each)) << each;
      EXPECT_THAT(portless[each], testing::ElementsAre(0, kIcmp, kEsp, kAh)) << each;
    };
    for (const auto& row : built.first) {
      if (!split.contains(row.result)) expect_verdicts(row.result);
    }
    for (const auto& row : built.second) expect_verdicts(row.result);
    for (const auto& row : built.source_ports) EXPECT_TRUE(ported.contains(row.result));
  }
}

TEST(Classifier, StageThatNoRuleNeedsIsAbsent) {
  EffectiveRule rule = catch_all();
  rule.destinations = address_set({prefix("10.0.0.0/8")});
  rule.rule.destination_ports = PortSet({{443, 443}});
  const Classifier built = compile_classifier({rule, catch_all()}, Direction::kOutbound);
  EXPECT_EQ(built.first.size(), 3U);
  EXPECT_THAT(built.second, testing::IsEmpty());
  EXPECT_THAT(built.source_ports, testing::IsEmpty());
}

TEST(Classifier, RulesBehindACatchAllMakeNoRows) {
  std::vector<EffectiveRule> rules{catch_all()};
  EffectiveRule hidden = catch_all();
  hidden.destinations = address_set({prefix("10.0.0.0/8")});
  hidden.rule.destination_ports = PortSet({{80, 80}});
  rules.push_back(hidden);
  rules.push_back(catch_all());
  const Classifier built = compile_classifier(rules, Direction::kOutbound);
  EXPECT_EQ(built.first.size(), 1U);
  EXPECT_EQ(built.ported.size(), 2U);
}

TEST(Classifier, ResidualsThatDecideAlikeShareAClass) {
  // The /24 rule is hidden by an earlier rule with the same verdict rows in both places.
  EffectiveRule wide = catch_all();
  wide.destinations = address_set({prefix("10.0.0.0/8")});
  wide.rule.protocol = SecurityRuleProtocol::kTcp;
  EffectiveRule hidden = wide;
  hidden.destinations = address_set({prefix("10.1.1.0/24")});
  hidden.rule.destination_ports = PortSet({{443, 443}});
  const Classifier built = compile_classifier({wide, hidden, catch_all()}, Direction::kOutbound);
  EXPECT_EQ(built.first.size(), 3U);
}

TEST(Classifier, IsTheSameWhenCompiledAgain) {
  Random random(7);
  const auto rules = random_rules(random);
  const Classifier one = compile_classifier(rules, Direction::kInbound);
  const Classifier two = compile_classifier(rules, Direction::kInbound);
  ASSERT_EQ(one.first.size(), two.first.size());
  for (size_t at = 0; at < one.first.size(); ++at) {
    EXPECT_EQ(one.first[at].addresses, two.first[at].addresses);
    EXPECT_EQ(one.first[at].result, two.first[at].result);
  }
  EXPECT_EQ(one.ported.size(), two.ported.size());
}

// The size that the service allows: a thousand rules of ten prefixes and a tag of ten thousand.
TEST(Classifier, HoldsTheLargestSecurityGroup) {
  Random random(42);
  std::vector<EffectiveRule> rules;
  for (int at = 0; at < 1000; ++at) {
    EffectiveRule rule = catch_all();
    std::vector<Ipv4Prefix> prefixes;
    for (int count = 0; count < 10; ++count) {
      Ipv4Prefix prefix{{static_cast<uint32_t>(random())},
                        static_cast<uint8_t>(12 + below(random, 17))};
      prefix.address.bits &= prefix.mask();
      prefixes.push_back(prefix);
    }
    rule.destinations = address_set(prefixes);
    rule.rule.protocol = SecurityRuleProtocol::kTcp;
    rule.rule.destination_ports = random_ports(random);
    rules.push_back(std::move(rule));
  }
  std::vector<Interval<uint32_t>> tag;
  for (int at = 0; at < 10000; ++at) {
    const auto first = static_cast<uint32_t>(random()) & ~uint32_t{255};
    tag.push_back({first, first + 255});
  }
  rules[500].destinations = AddressSet(tag);
  rules.push_back(catch_all());
  const Classifier built = compile_classifier(rules, Direction::kOutbound);
  EXPECT_GT(built.first.size(), 10000U);
  for (int round = 0; round < 2000; ++round) {
    Packet packet = random_packet(random);
    if (round % 2 == 0) packet.destination.bits = tag[below(random, 10000)].first;
    ASSERT_EQ(built.decide(packet), index_of_first_match(rules, packet));
  }
}

}  // namespace
}  // namespace egress::policy::test
