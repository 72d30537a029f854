// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "compile/names.hpp"
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

TEST(BoundaryLabs, AreNotWholeWhereSomebodyElseHasANameOfTheirs) {
  FakeKernel kernel;
  const std::string name = compile::internet_netns("eg");
  kernel.set_foreign(name, {});
  EXPECT_THAT(fault_in_applying(kernel, oddest_names().lab), testing::HasSubstr(name));
}

}  // namespace
}  // namespace egress::testing_support
