// SPDX-License-Identifier: MIT
#pragma once

// What observes and changes one part of what our namespaces hold. All of them together are the
// kernel (linux_kernel.hpp); each knows its kinds of objects and nothing of the others'.

#include "base/result.hpp"
#include "state/kernel_state.hpp"
#include "state/ops.hpp"

namespace egress::kernel {

class Provider {
 public:
  virtual ~Provider() = default;

  // Brings up to date what there is of its kinds. `observed` is what all of them found the last
  // time, and what has not changed stays untouched. The first one finds the namespaces.
  virtual Status observe(state::KernelState& observed) = 0;
  virtual bool provides(const state::Object& object) const = 0;
  // One op on an object that it provides, as Kernel::apply().
  virtual Status apply(const state::Op& op) = 0;
  // A namespace has another name: what is kept by that goes along.
  virtual Status follow(const state::NetnsName& /*from*/, const state::NetnsName& /*to*/) {
    return {};
  }
  // Gives up what would hold a namespace open that is about to be removed or looked for.
  virtual void let_go() {}
};

}  // namespace egress::kernel
