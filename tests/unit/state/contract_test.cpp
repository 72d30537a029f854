// SPDX-License-Identifier: MIT

// The fake kernel, on which the tests of diff and reconcile rest, keeps the contract of the seam.

#include "tests/support/fake_kernel.hpp"
#include "tests/support/kernel_contract.hpp"

namespace egress::testing_support {
namespace {

FakeKernel& fake(kernel::Kernel& kernel) {
  return dynamic_cast<FakeKernel&>(kernel);
}

INSTANTIATE_TEST_SUITE_P(
    Fake, KernelContract,
    testing::Values(KernelFactory{
        .make = [] { return std::make_unique<FakeKernel>(); },
        .make_foreign = [](auto& kernel, const auto& name) { fake(kernel).set_foreign(name, {}); },
        .remove_foreign = [](auto& kernel,
                             const auto& name) { fake(kernel).remove_foreign(name); }}));

}  // namespace
}  // namespace egress::testing_support
