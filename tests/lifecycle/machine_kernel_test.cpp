// SPDX-License-Identifier: MIT
// Whatever operations come one after the other, the lab in force is the one that they should make
// of the first: on the kernel, with connections of the apps that outlive what does not concern
// them.

#include <gtest/gtest.h>

#include "reconcile/pass.hpp"
#include "tests/lifecycle/connections.hpp"
#include "tests/lifecycle/run.hpp"
#include "tests/netns/linux_fixture.hpp"

namespace egress::life {
namespace {

constexpr size_t kSequences = 100;

class LinuxWorld : public World {
 public:
  ~LinuxWorld() override { clear(); }

  kernel::Kernel& kernel() override { return *kernel_; }
  void forget() override {
    kernel_.reset();
    kernel_ = kernel_tests::open_kernel();
  }
  void clear() override {
    connections_.drop();
    EXPECT_TRUE(reconcile::run(*kernel_, {}).in_sync());
  }
  void begin() override { connections_.drop(); }
  std::string fault_in_connections(const lab::Lab& lab,
                                   const std::set<std::string>& touched) override {
    return connections_.fault_in(lab, touched);
  }

 private:
  std::unique_ptr<kernel::LinuxKernel> kernel_ = kernel_tests::open_kernel();
  Connections connections_{};
};

TEST(LifeOfALabInTheKernel, IsWhatItsStepsShouldMakeOfIt) {
  LinuxWorld world;
  Coverage coverage;
  EXPECT_EQ(fault_in(world, drawn({.sequences = kSequences}), coverage), "");
}

}  // namespace
}  // namespace egress::life
