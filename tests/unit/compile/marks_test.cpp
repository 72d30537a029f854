// SPDX-License-Identifier: MIT
#include "compile/marks.hpp"

#include <gtest/gtest.h>

namespace egress::compile {
namespace {

TEST(Marks, AFlowRemembersTheGatesOfBothDirectionsApart) {
  EXPECT_EQ(remember_gate(lab::Direction::kOutbound, 0x1234),
            "ct mark set ct mark and 0xffff0000 or 0x00001234");
  EXPECT_EQ(was_admitted_by(lab::Direction::kOutbound, 0x1234),
            "ct mark and 0x0000ffff == 0x00001234");
  EXPECT_EQ(remember_gate(lab::Direction::kInbound, kLastGate),
            "ct mark set ct mark and 0x0000ffff or 0xfffe0000");
  EXPECT_EQ(was_admitted_by(lab::Direction::kInbound, kFirstGate),
            "ct mark and 0xffff0000 == 0x00010000");
}

}  // namespace
}  // namespace egress::compile
