// SPDX-License-Identifier: MIT
#pragma once

// Which plans of random labs are on wires. Nothing that apps and networks see depends on it.

#include <set>
#include <string>

#include "tests/oracle/generator.hpp"

namespace egress::oracle {

// Of each plan anew; of none when it is 0.
inline constexpr uint32_t kPercentOnWires = 50;
void draw_wires(lab::Lab& lab, Random& random);
// One plan's become the other kind.
void change_wires(lab::Lab& lab, Random& random);

// For the coverage: what joins plans to their networks.
std::set<std::string> wire_features(const lab::Lab& lab);

}  // namespace egress::oracle
