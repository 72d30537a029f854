// SPDX-License-Identifier: MIT
#include "policy/route_lookup.hpp"

#include <gtest/gtest.h>

#include <map>
#include <random>

#include "tests/unit/policy/plain_reading.hpp"

namespace egress::policy::test {
namespace {

TEST(RouteLookup, AgreesWithThePlainSearch) {
  std::mt19937_64 random(11);
  for (int round = 0; round < 200; ++round) {
    std::map<Ipv4Prefix, EffectiveRoute> rows;
    for (uint64_t count = random() % 12; count > 0; --count) {
      Ipv4Prefix prefix{
          {static_cast<uint32_t>(random() % 5 == 0 ? ~uint64_t{0} : random() % 64)},
          static_cast<uint8_t>(random() % 4 == 0 ? random() % 33 : 26 + random() % 7)};
      prefix.address.bits &= prefix.mask();
      EffectiveRoute row{.name = prefix.to_string(), .address_prefix = prefix};
      if (random() % 5 == 0) row.state = RouteState::kInvalid;
      rows[prefix] = row;
    }
    std::vector<EffectiveRoute> routes;
    for (const auto& [prefix, row] : rows) routes.push_back(row);
    const RouteLookup lookup(routes);
    for (uint32_t near = 0; near < 70; ++near) {
      for (const Ipv4Address address : {Ipv4Address{near}, Ipv4Address{~near}}) {
        const EffectiveRoute* plain = select_route(routes, address);
        const Index found = lookup.find(address);
        ASSERT_EQ(plain == nullptr, found == kNowhere) << address.to_string();
        if (plain != nullptr) {
          ASSERT_EQ(routes[found].name, plain->name) << address.to_string();
        }
      }
    }
  }
}

}  // namespace
}  // namespace egress::policy::test
