// SPDX-License-Identifier: MIT
#pragma once

// Names of namespaces that nobody desires: under them stands what was made for a namespace and is
// not (any longer) in the one of that name, or never got ready, so that a pass ends it.

#include <string>

#include "state/kernel_state.hpp"

namespace egress::kernel {

inline constexpr std::string_view kStray = "#stray";

inline state::NetnsName stray_name(const state::NetnsName& given) {
  return given + std::string(kStray);
}
// The name for which it was made.
inline state::NetnsName given_name(const state::NetnsName& netns) {
  return netns.ends_with(kStray) ? netns.substr(0, netns.size() - kStray.size()) : netns;
}

}  // namespace egress::kernel
