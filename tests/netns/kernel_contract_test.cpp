// SPDX-License-Identifier: MIT
// The contract suite on the real kernel; tests/unit runs the same one on the fake.

#include "tests/support/kernel_contract.hpp"

#include "tests/netns/linux_fixture.hpp"

namespace egress::testing_support {
namespace {

INSTANTIATE_TEST_SUITE_P(Linux, KernelContract, testing::ValuesIn(kernel_contract([] {
                           return kernel_tests::open_kernel();
                         })));

}  // namespace
}  // namespace egress::testing_support
