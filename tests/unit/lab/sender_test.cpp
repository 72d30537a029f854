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

TEST(Sender, IsAHostWhereThatIsTaken) {
  EXPECT_EQ(Sender::parse_with_hosts("host/vm").value().host, "vm");
  EXPECT_EQ(Sender::parse_with_hosts("host/vm").value().to_string(), "host/vm");
  EXPECT_EQ(Sender::parse_with_hosts("web/1").value(), (Sender{"web", 1}));
  EXPECT_EQ(Sender::parse_with_hosts("host").value(), (Sender{"host", 0}));
  EXPECT_EQ(Sender::parse_with_hosts("host/1").value(), (Sender{"host", 1}));
  EXPECT_FALSE(Sender::parse("host/vm").ok());
  for (const char* wrong : {"", "host/", "web/x"}) {
    EXPECT_FALSE(Sender::parse_with_hosts(wrong).ok()) << wrong;
  }
}

}  // namespace
}  // namespace egress::lab
