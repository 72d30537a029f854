// SPDX-License-Identifier: MIT
#include "base/jenkins_hash.hpp"

#include <gtest/gtest.h>

namespace egress {
namespace {

// As nft lays out `meta l4proto . ip saddr . th sport`.
constexpr JenkinsBytes kUdpOf10901{17, 0, 0, 0, 10, 9, 0, 1, 0x75, 0x30, 0, 0};

TEST(JenkinsHash, IsTheKernels) {
  EXPECT_EQ(jenkins_hash(kUdpOf10901, 12, 0x0a010204), 0x57783610U);
  EXPECT_EQ(jenkins_hash(kUdpOf10901, 8, 0x0a010204), 0x8ad703d2U);
  EXPECT_EQ(jenkins_hash({10, 9, 0, 1}, 4, 0), 0x4e4560d8U);
}

TEST(JenkinsHash, DependsOnEachByteAndTheSeed) {
  const uint32_t whole = jenkins_hash(kUdpOf10901, 12, 1);
  for (size_t i = 0; i < kJenkinsMost; ++i) {
    JenkinsBytes other = kUdpOf10901;
    other[i] ^= 1U;
    EXPECT_NE(jenkins_hash(other, 12, 1), whole) << i;
  }
  EXPECT_NE(jenkins_hash(kUdpOf10901, 12, 2), whole);
}

TEST(JenkinsHash, IsScaledToANumberBelowTheCount) {
  EXPECT_EQ(scaled(0, 7), 0U);
  EXPECT_EQ(scaled(~uint32_t{0}, 7), 6U);
  EXPECT_EQ(scaled(uint32_t{1} << 31U, 2), 1U);
}

}  // namespace
}  // namespace egress
