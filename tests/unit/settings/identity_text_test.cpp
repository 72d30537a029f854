// SPDX-License-Identifier: MIT
#include "settings/identity_text.hpp"

#include <gtest/gtest.h>

#include <string>

namespace egress::settings {
namespace {

const IdentityRole kEndpoint = IdentityEndpoint{
    .address = {0xa9fe8101},
    .port = 8081,
    .apps = {{.address = {0xa9fe8105}, .site = "web", .header = "a", .client_id = "b"},
             {.address = {0xa9fe8106}, .site = "api", .header = "\"c\"", .lane = "eg-app-api-0"}}};

TEST(IdentityText, IsOneLine) {
  EXPECT_EQ(to_text(IdentityLane{}), R"({"role":"lane"})");
  EXPECT_EQ(to_text(IdentityEndpoint{.address = {0xa9fe8101}, .port = 8081}),
            R"({"role":"endpoint","address":"169.254.129.1","port":8081,"apps":[]})");
}

TEST(IdentityText, ReadsWhatItWrote) {
  for (const IdentityRole& role : {kEndpoint, IdentityRole(IdentityLane{})}) {
    const auto read = parse_identity_role(to_text(role));
    ASSERT_TRUE(read.ok()) << read.error().to_string();
    EXPECT_EQ(*read, role);
  }
}

TEST(IdentityText, RefusesWhatIsNoSettingsOfAnIdentity) {
  for (const char* text : {"", "[]", "{}", R"({"role":"other"})", R"({"role":"endpoint"})",
                           R"({"role":"endpoint","address":"x","port":1,"apps":[]})",
                           R"({"role":"endpoint","address":"1.2.3.4","port":"1","apps":[]})",
                           R"({"role":"endpoint","address":"1.2.3.4","port":1,"apps":[{}]})"}) {
    const auto read = parse_identity_role(text);
    ASSERT_FALSE(read.ok()) << text;
    EXPECT_EQ(read.error().code, Errc::kInvalid) << text;
  }
}

}  // namespace
}  // namespace egress::settings
