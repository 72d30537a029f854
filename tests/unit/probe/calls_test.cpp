// SPDX-License-Identifier: MIT
#include "probe/calls.hpp"

#include <gtest/gtest.h>

namespace egress::probe {
namespace {

TEST(AccessInACall, IsWhatTheServiceSays) {
  const auto refused = access_in({.text = R"({"access": "Deny", "code": "Forbidden"})"});
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->access, lab::Access::kDeny);
  EXPECT_EQ(refused->code, "Forbidden");
  const auto allowed = access_in({.text = R"({"access": "Allow", "code": null})"});
  ASSERT_TRUE(allowed);
  EXPECT_EQ(allowed->access, lab::Access::kAllow);
  EXPECT_EQ(allowed->code, "");
}

TEST(AccessInACall, IsNothingWhereSomebodyElseAnswers) {
  for (const char* text : {"", "SSH-2.0", "[]", "7", R"({"host": "sql"})", R"({"access")"}) {
    EXPECT_FALSE(access_in({.text = text})) << text;
  }
}

}  // namespace
}  // namespace egress::probe
