// SPDX-License-Identifier: MIT
// The main of every test binary that touches the kernel.

#include <gtest/gtest.h>

#include "tests/support/private_machine.hpp"

int main(int argc, char** argv) {
  ::testing::InitGoogleTest(&argc, argv);
  if (::testing::GTEST_FLAG(list_tests)) return RUN_ALL_TESTS();
  return egress::testing_support::in_private_machine([] { return RUN_ALL_TESTS(); });
}
