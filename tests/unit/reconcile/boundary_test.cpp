// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include "tests/support/applied_lab.hpp"
#include "tests/support/boundary_labs.hpp"
#include "tests/support/fake_kernel.hpp"

namespace egress::testing_support {
namespace {

TEST(BoundaryLabs, ValidateCompileAndApplyEachOverTheOneBefore) {
  FakeKernel kernel;
  for (const BoundaryLab& boundary : boundary_labs()) {
    EXPECT_EQ(fault_in_applying(kernel, boundary.lab), "") << boundary.name;
  }
}

}  // namespace
}  // namespace egress::testing_support
