// SPDX-License-Identifier: MIT
// No lab that the generator can draw may be refused once it has validated, or come to a stop on its
// way into the kernel. Here the kernel is the fake; `egress-oracle` does the same with the real
// one.
#include <gtest/gtest.h>

#include <algorithm>

#include "compile/compile.hpp"
#include "ipam/leases.hpp"
#include "tests/oracle/generator.hpp"
#include "tests/support/applied_lab.hpp"
#include "tests/support/fake_kernel.hpp"
#include "tests/support/renamed_lab.hpp"

namespace egress::oracle {
namespace {

bool share_a_namespace(const state::KernelState& a, const state::KernelState& b) {
  return std::any_of(a.begin(), a.end(), [&](const auto& entry) {
    const auto other = b.find(entry.first);
    return other != b.end() && entry.second.shares_with(other->second);
  });
}

// In parts, so that a run of the tests shares them out.
class RandomLabs : public testing::TestWithParam<uint64_t> {
 protected:
  static constexpr uint64_t kParts = 8;
  static constexpr uint64_t kLabs = 1000;
};

TEST_P(RandomLabs, CompileAndApplyEachOverTheOneBeforeUnderAnyNames) {
  testing_support::FakeKernel kernel;
  const uint64_t first = 1 + GetParam() * kLabs / kParts;
  for (uint64_t seed = first; seed < first + kLabs / kParts; ++seed) {
    const lab::Lab lab = random_lab(seed);
    ASSERT_EQ(testing_support::fault_in_applying(kernel, lab), "") << "seed " << seed;
    // Every eighth is enough: names matter little to what else a lab does.
    if (seed % 8 != 0) continue;
    ASSERT_EQ(testing_support::fault_in_applying(kernel, testing_support::with_longest_names(lab)),
              "")
        << "seed " << seed << " under longest names";
  }
}

INSTANTIATE_TEST_SUITE_P(Parts, RandomLabs, testing::Range<uint64_t>(0, 8));

lab::Lab with_opposite_rules(lab::Lab lab) {
  for (auto& [group, declared] : lab.network_security_groups) {
    for (auto& [name, rule] : declared.security_rules) {
      rule.access = rule.access == lab::Access::kAllow ? lab::Access::kDeny : lab::Access::kAllow;
    }
  }
  return lab;
}

// Every second one differs from the one before in its lists alone.
TEST(RandomLabsInARow, CompileToWhatTheyCompileToFromNothing) {
  constexpr uint64_t kLabs = 150;
  std::shared_ptr<const policy::Network> before;
  state::KernelState state;
  size_t taken_over = 0;
  for (uint64_t step = 0; step < 2 * kLabs; ++step) {
    const uint64_t seed = 1 + step / 2;
    const lab::Lab lab = step % 2 == 0 ? random_lab(seed) : with_opposite_rules(random_lab(seed));
    const auto leases = ipam::first_addresses(lab).value();
    auto network = policy::analyse({.lab = lab, .leases = leases}, before.get());
    std::optional<compile::Compiled> previous;
    if (before != nullptr) previous.emplace(compile::Compiled{*before, state});
    const compile::Options options{.flow_cache = true};
    state::KernelState after = compile::compile(*network, options, previous).value();
    ASSERT_EQ(
        to_text(after),
        to_text(
            compile::compile(*policy::analyse({.lab = lab, .leases = leases}), options).value()))
        << "seed " << seed;
    taken_over += share_a_namespace(after, state) ? 1 : 0;
    before = std::move(network);
    state = std::move(after);
  }
  EXPECT_GE(taken_over, kLabs);
}

}  // namespace
}  // namespace egress::oracle
