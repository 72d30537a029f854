// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include "lab/lab.hpp"

namespace egress::lab {
namespace {

TEST(Sender, IsASiteAndPerhapsAnInstance) {
  EXPECT_EQ(Sender::parse("web").value().to_string(), "web/0");
  EXPECT_EQ(Sender::parse("web/12").value().to_string(), "web/12");
  for (const char* wrong : {"", "/1", "web/", "web/x", "web/-1", "web/1/2", "web/99999999999"}) {
    EXPECT_FALSE(Sender::parse(wrong).ok()) << wrong;
  }
}

TEST(Sender, IsNamedWithItsClassOfTrafficUnlessItIsTheApplication) {
  EXPECT_EQ((Sender{"web", 1, TrafficClass::kImagePull}).to_string(), "web/1 image-pull");
  EXPECT_EQ((Sender{"web", 1, TrafficClass::kApplication}).to_string(), "web/1");
  EXPECT_EQ(Sender::parse("web").value().traffic, TrafficClass::kApplication);
}

}  // namespace
}  // namespace egress::lab
