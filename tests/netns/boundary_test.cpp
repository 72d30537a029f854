// SPDX-License-Identifier: MIT
// What validation lets through, the kernel, nft and the programs take.
#include "tests/netns/linux_fixture.hpp"
#include "tests/support/applied_lab.hpp"
#include "tests/support/boundary_labs.hpp"

namespace egress::kernel_tests {
namespace {

using namespace testing_support;

using KernelBoundary = LinuxFixture;

TEST_F(KernelBoundary, EveryCharacterThatANameMayHoldIsTaken) {
  EXPECT_EQ(fault_in_applying(kernel(), oddest_names().lab), "");
}

TEST_F(KernelBoundary, EveryNameAtItsLongestIsTaken) {
  EXPECT_EQ(fault_in_applying(kernel(), longest_names().lab), "");
}

TEST_F(KernelBoundary, EveryListAtItsLimitIsTaken) {
  EXPECT_EQ(fault_in_applying(kernel(), longest_lists().lab), "");
}

TEST_F(KernelBoundary, AThousandFullRecordSetsAndAHundredEndpointsAreTaken) {
  EXPECT_EQ(fault_in_applying(kernel(), most_names().lab), "");
}

TEST_F(KernelBoundary, ThePortsOfAPlanAndTheLargestPoolAreTaken) {
  EXPECT_EQ(fault_in_applying(kernel(), most_of_the_platform().lab), "");
}

}  // namespace
}  // namespace egress::kernel_tests
