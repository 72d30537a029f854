// SPDX-License-Identifier: MIT
#pragma once

// A LinuxKernel in the test binary's own namespaces, with a second hand (`ip`, `nft`) beside it
// that plays everybody else on the machine.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>

#include "kernel/linux_kernel.hpp"
#include "tests/support/expect_ok.hpp"
#include "tests/support/process.hpp"
#include "tests/support/values.hpp"

namespace egress::kernel_tests {

using testing_support::by_hand;
using testing_support::ip;
using testing_support::prefix;

inline constexpr const char* kRunDir = "/run/egressd";
// Whose the namespaces are; nothing is kept there.
inline constexpr const char* kStateDir = "/state";

std::unique_ptr<kernel::LinuxKernel> open_kernel(const std::string& prefix = "eg",
                                                 const std::string& state_dir = kStateDir,
                                                 Clock clock = {});
std::unique_ptr<kernel::LinuxKernel> open_kernel(kernel::FlowCachePrograms::Use flow_cache,
                                                 const std::string& prefix = "eg",
                                                 const std::string& state_dir = kStateDir,
                                                 Clock clock = {});

// Commands that make a namespace as the kernel of prefix "eg" marks its own, and empty.
std::string make_marked(const std::string& name);

class LinuxFixture : public testing::Test {
 protected:
  void SetUp() override { kernel_ = open_kernel(); }
  void TearDown() override { converge({}); }

  kernel::LinuxKernel& kernel() { return *kernel_; }
  // As after a restart of the daemon: nothing is remembered.
  void restart(Clock clock = {}) { kernel_ = open_kernel("eg", kStateDir, std::move(clock)); }
  // As by a daemon that was told otherwise.
  void restart(kernel::FlowCachePrograms::Use flow_cache) { kernel_ = open_kernel(flow_cache); }

  state::KernelState observe();
  state::NetnsState observe(const state::NetnsName& netns);
  Status apply(state::Verb verb, const state::NetnsName& netns, state::Object object);
  // A pass towards `desired`, after which nothing may differ. Returns how many ops it took.
  size_t converge(const state::KernelState& desired, const state::Renames& renames = {});

 private:
  std::unique_ptr<kernel::LinuxKernel> kernel_{};
};

// A namespace as compile() makes it before anything of the lab is in it.
state::NetnsState plain_netns();
// Joins two namespaces of `state` by a pair that is up at both ends.
void join(state::KernelState& state, const std::string& netns, const std::string& link,
          const std::string& other_netns, const std::string& other_link);

}  // namespace egress::kernel_tests
