// SPDX-License-Identifier: MIT
#include "base/ip.hpp"

#include <gtest/gtest.h>

#include "tests/support/values.hpp"

namespace egress {
namespace {

using testing_support::ip;
using testing_support::prefix;

std::string parsed(const char* text) {
  const auto prefix = Ipv4Prefix::parse(text);
  return prefix ? prefix->to_string() : prefix.error().message;
}

TEST(Ipv4Address, IsWrittenAsItIsRead) {
  for (const char* text : {"0.0.0.0", "10.0.1.4", "168.63.129.16", "255.255.255.255"}) {
    EXPECT_EQ(ip(text).to_string(), text);
  }
  EXPECT_EQ(ip("10.0.1.4").bits, 0x0a000104U);
  EXPECT_EQ(ip("168.63.129.16"), kAzurePlatform);
}

TEST(Ipv4Address, IsFourDecimalOctetsAndNothingElse) {
  for (const char* text : {"", "10.0.1", "10.0.1.256", "10.0.1.4 ", " 10.0.1.4", "10.0.1.4/32",
                           "0x0a.0.0.1", "010.0.0.1", "::1", "localhost"}) {
    EXPECT_FALSE(Ipv4Address::parse(text).ok()) << text;
  }
}

TEST(Ipv4Address, EndsWithItsText) {
  EXPECT_FALSE(Ipv4Address::parse(std::string_view("10.0.0.4\0", 9)).ok());
  EXPECT_FALSE(Ipv4Prefix::parse(std::string_view("10.0.0.0\0/8", 11)).ok());
}

TEST(Ipv4Address, NamesTheTextItCouldNotRead) {
  EXPECT_EQ(Ipv4Address::parse("ten").error().message, "'ten' is not an IPv4 address");
}

TEST(Ipv4Prefix, IsWrittenWithItsLength) {
  EXPECT_EQ(parsed("10.0.0.0/8"), "10.0.0.0/8");
  EXPECT_EQ(parsed("10.0.1.4"), "10.0.1.4/32");
  EXPECT_EQ(parsed("0.0.0.0/0"), "0.0.0.0/0");
}

TEST(Ipv4Prefix, WithHostBitsIsRefusedWithTheRightPrefix) {
  EXPECT_EQ(parsed("10.0.1.4/24"),
            "'10.0.1.4/24' has bits set behind its length; the prefix is 10.0.1.0/24");
  EXPECT_EQ(parsed("1.0.0.0/0"),
            "'1.0.0.0/0' has bits set behind its length; the prefix is 0.0.0.0/0");
}

TEST(Ipv4Prefix, HasALengthOfZeroToThirtyTwo) {
  for (const char* text : {"10.0.0.0/33", "10.0.0.0/", "10.0.0.0/-1", "10.0.0.0/8x", "10.0.0.0/ 8",
                           "10.0.0.0/4294967304"}) {
    EXPECT_EQ(parsed(text),
              "'" + std::string(text) + "' is not an IPv4 prefix: the length is 0 to 32");
  }
}

TEST(Ipv4Prefix, SpansItsAddresses) {
  EXPECT_EQ(prefix("10.0.0.0/8").last(), ip("10.255.255.255"));
  EXPECT_EQ(prefix("10.0.0.0/8").size(), uint64_t{1} << 24U);
  EXPECT_EQ(prefix("0.0.0.0/0").size(), uint64_t{1} << 32U);
  EXPECT_EQ(prefix("0.0.0.0/0").last(), ip("255.255.255.255"));
  EXPECT_EQ(prefix("10.0.0.1/32").first(), prefix("10.0.0.1/32").last());
}

TEST(Ipv4Prefix, ContainsAndOverlaps) {
  EXPECT_TRUE(prefix("10.0.0.0/8").contains(ip("10.255.0.1")));
  EXPECT_FALSE(prefix("10.0.0.0/8").contains(ip("11.0.0.0")));
  EXPECT_TRUE(prefix("0.0.0.0/0").contains(prefix("10.0.0.0/8")));
  EXPECT_FALSE(prefix("10.0.0.0/8").contains(prefix("0.0.0.0/0")));
  EXPECT_TRUE(prefix("10.0.0.0/8").overlaps(prefix("0.0.0.0/0")));
  EXPECT_FALSE(prefix("10.0.0.0/24").overlaps(prefix("10.0.1.0/24")));
}

TEST(IsRfc1918, HoldsForThreeRangesOnly) {
  for (const char* text : {"10.0.0.0", "10.255.255.255", "172.16.0.0", "172.31.255.255",
                           "192.168.0.0", "192.168.255.255"}) {
    EXPECT_TRUE(is_rfc1918(ip(text))) << text;
  }
  for (const char* text :
       {"9.255.255.255", "11.0.0.0", "172.15.255.255", "172.32.0.0", "192.167.255.255",
        "192.169.0.0", "100.64.0.1", "169.254.0.1", "198.18.0.1"}) {
    EXPECT_FALSE(is_rfc1918(ip(text))) << text;
  }
}

}  // namespace
}  // namespace egress
