// SPDX-License-Identifier: MIT
#pragma once

// Plans of Windows apps and of Windows containers in random labs.

#include <set>
#include <string>

#include "lab/lab.hpp"
#include "policy/explain.hpp"
#include "tests/oracle/generator.hpp"

namespace egress::oracle {

void draw_windows(lab::Lab& lab, Random& random);

std::set<std::string> windows_features(const lab::Lab& lab);
// Of a flow that a sandbox ends; else empty.
std::string feature_of_sandbox(const policy::Explanation& explanation);

}  // namespace egress::oracle
