// SPDX-License-Identifier: MIT
#pragma once

// What the rules of a lab found becomes findings with places, without what follows from another:
// from what could not be read, from a value that another rule refuses, from a name that is told of
// already.

#include <vector>

#include "lab/check/checks.hpp"
#include "lab/read/findings.hpp"
#include "lab/read/yaml_tree.hpp"

namespace egress::lab {

void add_checked(const YamlTree& tree, const Lab& lab, std::vector<Check> checks,
                 Findings& findings);

}  // namespace egress::lab
