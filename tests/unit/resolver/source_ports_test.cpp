// SPDX-License-Identifier: MIT
#include "egress-dns/source_ports.hpp"

#include <gtest/gtest.h>

#include "tests/support/values.hpp"

namespace egress::resolver {
namespace {

using std::chrono::seconds;
using testing_support::ip;

const SourcePorts::Time kBegin{seconds(1'000)};
const Ipv4Address kServer = ip("203.0.113.53");

TEST(SourcePorts, AreUsedAgainByWhoAsksTheSameServer) {
  SourcePorts ports;
  EXPECT_EQ(ports.take(kServer, kBegin).number, 0);
  ports.give_back(kServer, {.number = 40'000, .since = kBegin});
  EXPECT_EQ(ports.take(ip("203.0.113.54"), kBegin).number, 0);
  const SourcePorts::Port again = ports.take(kServer, kBegin + seconds(4));
  EXPECT_EQ(again.number, 40'000);
  EXPECT_EQ(again.since, kBegin);
  EXPECT_EQ(ports.take(kServer, kBegin).number, 0);  // one question at a time
}

TEST(SourcePorts, AreChosenAnewAfterFiveSecondsHoweverOftenTheyAreUsed) {
  SourcePorts ports;
  SourcePorts::Port port{.number = 40'000, .since = kBegin};
  for (int second = 1; second < 5; ++second) {
    ports.give_back(kServer, port);
    port = ports.take(kServer, kBegin + seconds(second));
    EXPECT_EQ(port.number, 40'000);
  }
  ports.give_back(kServer, port);
  EXPECT_EQ(ports.take(kServer, kBegin + seconds(5)).number, 0);
}

// Nothing translates what goes there, and lists count for each question.
TEST(SourcePorts, AreChosenAnewForServersInNetworksAndThePlatform) {
  for (const char* server : {"10.0.2.4", "192.168.1.1", "168.63.129.16"}) {
    SourcePorts ports;
    ports.give_back(ip(server), {.number = 40'000, .since = kBegin});
    EXPECT_EQ(ports.take(ip(server), kBegin).number, 0) << server;
  }
}

TEST(SourcePorts, OfWhoCouldNotSendAreNobodys) {
  SourcePorts ports;
  ports.give_back(kServer, {.since = kBegin});
  ports.give_back(kServer, {.number = 40'000, .since = kBegin});
  EXPECT_EQ(ports.take(kServer, kBegin).number, 40'000);
  EXPECT_EQ(ports.take(kServer, kBegin).number, 0);
}

}  // namespace
}  // namespace egress::resolver
