// SPDX-License-Identifier: MIT
#pragma once

#include <set>
#include <string>

#include "tests/oracle/generator.hpp"

namespace egress::oracle {

// At which edges of the sending subnet's rules a flow stands.
std::set<std::string> edges_of(const lab::Lab& lab, const ProbeCase& probe);

}  // namespace egress::oracle
