// SPDX-License-Identifier: MIT
// The contract suite on the real kernel; tests/unit runs the same one on the fake.

#include "tests/support/kernel_contract.hpp"

#include "tests/netns/linux_fixture.hpp"

namespace egress::testing_support {
namespace {

INSTANTIATE_TEST_SUITE_P(Linux, KernelContract,
                         testing::Values(KernelFactory{
                             .make = [] { return kernel_tests::open_kernel(); },
                             .make_foreign =
                                 [](const auto&, const std::string& name) {
                                   kernel_tests::by_hand("test ! -e /run/netns/" + name +
                                                         " || ip netns del " + name +
                                                         "; ip netns add " + name);
                                 },
                             .remove_foreign =
                                 [](const auto&, const std::string& name) {
                                   kernel_tests::by_hand("ip netns del " + name);
                                 }}));

}  // namespace
}  // namespace egress::testing_support
