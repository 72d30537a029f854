// SPDX-License-Identifier: MIT
#pragma once

// Machines that are firewalls, in random labs: stateful ones, and those with network rules.

#include <set>
#include <string>

#include "tests/oracle/generator.hpp"

namespace egress::oracle {

void add_firewalls(lab::Lab& lab, Random& random);
void change_firewalls(lab::Lab& lab, Random& random);

// What a lab has of them, and what a flow met.
std::set<std::string> firewall_features(const lab::Lab& lab);
std::set<std::string> answer_features(const policy::Explanation& explained);

}  // namespace egress::oracle
