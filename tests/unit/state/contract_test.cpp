// SPDX-License-Identifier: MIT

// The fake kernel, on which the tests of diff and reconcile rest, keeps the contract of the seam.

#include "tests/support/fake_kernel.hpp"
#include "tests/support/kernel_contract.hpp"

namespace egress::testing_support {
namespace {

INSTANTIATE_TEST_SUITE_P(Fake, KernelContract, testing::ValuesIn(kernel_contract([] {
                           return std::make_unique<FakeKernel>();
                         })));

}  // namespace
}  // namespace egress::testing_support
