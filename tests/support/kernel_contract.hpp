// SPDX-License-Identifier: MIT
#pragma once

// What every kernel::Kernel must do, as one suite, so that the fake cannot drift from the truth.
// Run it in a test binary that links egress_kernel_contract, inside this namespace:
//
//   INSTANTIATE_TEST_SUITE_P(Linux, KernelContract, testing::Values(KernelFactory{…}));
//
// The factory gives a kernel that owns the prefix "eg" and sees none of its namespaces; each test
// removes what it made. What others do on the machine is done by hand, beside the kernel.

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <ostream>

#include "kernel/kernel.hpp"

namespace egress::testing_support {

// A type of its own so that test names do not print a function's bytes.
struct KernelFactory {
  std::function<std::unique_ptr<kernel::Kernel>()> make{};
  // Somebody makes a namespace of this name, instead of what has it, and removes it again.
  std::function<void(kernel::Kernel&, const state::NetnsName&)> make_foreign{};
  std::function<void(kernel::Kernel&, const state::NetnsName&)> remove_foreign{};
};
void PrintTo(const KernelFactory& factory, std::ostream* out);

class KernelContract : public testing::TestWithParam<KernelFactory> {
 protected:
  void SetUp() override;
  void TearDown() override;

  kernel::Kernel& kernel() { return *kernel_; }
  state::KernelState observe();
  // The namespace as observed; fails the test and gives an empty one when it is not there.
  state::NetnsState observe(const state::NetnsName& netns);

  Status add(const state::NetnsName& netns, state::Object object);
  Status change(const state::NetnsName& netns, state::Object object);
  Status remove(const state::NetnsName& netns, state::Object object);

  // Namespaces eg-a and eg-b with a pair between them: x0 in eg-a, y0 in eg-b, all links up.
  void make_two_connected();
  void make_foreign(const state::NetnsName& netns) { GetParam().make_foreign(kernel(), netns); }
  void remove_foreign(const state::NetnsName& netns) { GetParam().remove_foreign(kernel(), netns); }
  // A whole pass towards `desired`; every op must succeed.
  void converge(const state::KernelState& desired, const state::Renames& renames = {});

 private:
  std::unique_ptr<kernel::Kernel> kernel_{};
};

}  // namespace egress::testing_support
