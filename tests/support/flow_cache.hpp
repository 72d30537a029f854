// SPDX-License-Identifier: MIT
#pragma once

// Whether tests that meet the kernel have the flow cache: where the kernel takes it, unless the
// environment says EGRESS_FAST_PATH=off.

#include <cstdlib>
#include <string_view>

#include "kernel/flow_cache/programs.hpp"

namespace egress::testing_support {

inline kernel::FlowCachePrograms::Use flow_cache_use() {
  using Use = kernel::FlowCachePrograms::Use;
  const char* const said = std::getenv("EGRESS_FAST_PATH");
  return said != nullptr && std::string_view(said) == "off" ? Use::kNone : Use::kLoad;
}

inline bool has_flow_cache() {
  static const bool takes = !kernel::FlowCachePrograms(flow_cache_use()).why_not();
  return takes;
}

}  // namespace egress::testing_support
