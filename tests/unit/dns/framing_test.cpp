// SPDX-License-Identifier: MIT
#include "dns/framing.hpp"

#include <gtest/gtest.h>

#include "tests/unit/dns/messages.hpp"

namespace egress::dns {
namespace {

using namespace testing_support;

TEST(Framing, AMessageStandsBehindItsLength) {
  EXPECT_EQ(framed(Message(300, 7)), bytes({1, 44}) + Message(300, 7));
  EXPECT_EQ(framed({}), bytes({0, 0}));
}

TEST(Framing, AMessageIsThereWhenItHasComeWhole) {
  const Message two = framed(Message(300, 7)) + framed(Message(1, 8));
  for (size_t size = 0; size < 302; ++size) {
    EXPECT_FALSE(first_message(std::span(two).first(size)).has_value()) << size;
  }
  for (size_t size = 302; size <= two.size(); ++size) {
    const auto first = first_message(std::span(two).first(size));
    ASSERT_TRUE(first.has_value());
    EXPECT_EQ(Message(first->begin(), first->end()), Message(300, 7));
  }
  EXPECT_EQ(first_message(bytes({0, 0}))->size(), 0U);
}

}  // namespace
}  // namespace egress::dns
