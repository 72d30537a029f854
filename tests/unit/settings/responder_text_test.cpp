// SPDX-License-Identifier: MIT
#include "settings/responder_text.hpp"

#include <gtest/gtest.h>

#include <string>

namespace egress::settings {
namespace {

const Responder kWebsite{
    .host = "website",
    .listen = {{Protocol::kUdp, 9999}, {Protocol::kTcp, 443}, {Protocol::kTcp, 80}}};

TEST(ResponderText, IsOneLineWithThePortsInOrder) {
  EXPECT_EQ(to_text(kWebsite), R"({"host":"website","listen":["tcp/80","tcp/443","udp/9999"]})");
}

TEST(ResponderText, ReadsWhatItWrote) {
  for (const Responder& responder : {kWebsite, Responder{.host = "a \"quoted\" name"}}) {
    const auto read = parse_responder(to_text(responder));
    ASSERT_TRUE(read.ok()) << read.error().to_string();
    EXPECT_EQ(*read, responder);
  }
}

TEST(ResponderText, RefusesWhatIsNoSettingsOfAResponder) {
  for (const char* text :
       {"", "[]", "{}", R"({"host":"a"})", R"({"host":1,"listen":[]})",
        R"({"host":"a","listen":[80]})", R"({"host":"a","listen":["tcp/0"]})",
        R"({"host":"a","listen":["icmp"]})", R"({"host":"a","listen":[]} more)"}) {
    const auto read = parse_responder(text);
    ASSERT_FALSE(read.ok()) << text;
    EXPECT_EQ(read.error().code, Errc::kInvalid) << text;
  }
}

}  // namespace
}  // namespace egress::settings
