// SPDX-License-Identifier: MIT
#pragma once

#include "egressctl/terminal.hpp"

namespace egress::ctl {

inline constexpr Screen kPipe{};

}  // namespace egress::ctl
