// SPDX-License-Identifier: MIT
#pragma once

// The lab that changes under live traffic: an app, a sink in another subnet, two appliances between
// them, and a security group of the size that the budgets speak of, scaled.

#include <cstdint>
#include <string>

#include "lab/lab.hpp"

namespace egress::kernel_tests {

// EGRESS_LIVE_SCALE; 1 takes seconds, 10 is the group of 1,000 rules with 10 prefixes each and the
// tag of 10,000 prefixes.
int live_scale();

inline constexpr uint16_t kOpenPort = 9000;    // open to UDP and TCP whatever the variant
inline constexpr uint16_t kDeniedPort = 9001;  // denied to both, whatever the variant
inline constexpr uint16_t kFlippingPort = 9002;

struct LiveVariant {
  int group = 0;  // what rules say, but never for the ports above; multiples share nothing
  const char* by = "10.1.3.4";   // the appliance on the way to the sink: this one or 10.1.3.5
  bool with_extra_rule = false;  // one more, about an address that no other rule names
  lab::Access flipping = lab::Access::kAllow;  // what holds for TCP to the flipping port
};
lab::Lab live_lab(const LiveVariant& variant);

}  // namespace egress::kernel_tests
