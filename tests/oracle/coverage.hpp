// SPDX-License-Identifier: MIT
#pragma once

// What random labs and flows exercise, counted by name: the measure of a generator. A feature that
// it does not draw, or a decision that no flow meets, is one that the oracle proves nothing about.

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "policy/explain.hpp"
#include "tests/oracle/lookups.hpp"

namespace egress::oracle {

using Coverage = std::map<std::string, size_t>;

// Counts each feature once per lab.
void cover_lab(Coverage& coverage, const lab::Lab& lab);
// Counts each flow by its edges and by what decides it.
void cover_flows(Coverage& coverage, const policy::Network& network,
                 const std::vector<ProbeCase>& flows);
// Counts each lookup by who answers and what.
void cover_names(Coverage& coverage, const policy::Network& network,
                 const std::vector<NameCase>& names);

}  // namespace egress::oracle
