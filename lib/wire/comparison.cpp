// SPDX-License-Identifier: MIT
#include "wire/comparison.hpp"

namespace egress::wire {

Agreement compare(const Decision& decision, const KernelWord& kernel) {
  if (!kernel.complete) return Agreement::kUntold;
  if (kernel.began) return decision.leaves ? Agreement::kAgreed : Agreement::kKernelPassed;
  if (kernel.known) return Agreement::kSpared;
  return decision.leaves ? Agreement::kKernelDropped : Agreement::kAgreed;
}

Standing standing_of(const Decision& decision, Agreement agreement) {
  if (agreement == Agreement::kUntold) return Standing::kAsked;
  const bool denied = agreement == Agreement::kAgreed && decision.silent && !decision.leaves;
  return denied ? Standing::kDenied : Standing::kPasses;
}

}  // namespace egress::wire
