// SPDX-License-Identifier: MIT
#pragma once

// Evaluator and kernel, held against each other for the first packet of a flow. What the kernel has
// done of it is read from the connection tracking of the network that it entered, behind the write
// that handed it over.

#include "wire/decision.hpp"
#include "wire/flow_cache.hpp"

namespace egress::wire {

struct KernelWord {
  bool began = false;    // it told of a new flow
  bool known = false;    // it has an entry, of one direction or the other
  bool complete = true;  // nothing that it told was lost
};

enum class Agreement {
  kAgreed,
  kSpared,         // the kernel goes on with what it has admitted before, or answers
  kUntold,         // nobody knows
  kKernelPassed,   // what the evaluator denies
  kKernelDropped,  // what the evaluator lets out
};

Agreement compare(const Decision& decision, const KernelWord& kernel);

// What becomes of the flow's next packets: only what both deny, in silence, is dropped, so that who
// sends sees what the kernel does.
Standing standing_of(const Decision& decision, Agreement agreement);

}  // namespace egress::wire
