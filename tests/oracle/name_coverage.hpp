// SPDX-License-Identifier: MIT
#pragma once

// What labs declare about names and services, and what lookups meet, for coverage.hpp.

#include <set>
#include <string>

#include "policy/resolve_name.hpp"
#include "tests/oracle/lookups.hpp"

namespace egress::oracle {

std::set<std::string> features_of_names(const lab::Lab& lab);
std::set<std::string> features_of_services(const lab::Lab& lab);
// Who answers, and what.
std::set<std::string> features_of(const NameCase& name, const policy::Resolution& resolution);

}  // namespace egress::oracle
