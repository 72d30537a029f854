// SPDX-License-Identifier: MIT
#pragma once

// Lists and tables read as they stand there, row by row: what the lookups that are made of them
// must answer, too.

#include <vector>

#include "policy/effective_routes.hpp"
#include "policy/effective_rules.hpp"

namespace egress::policy::test {

bool matches(const EffectiveRule& rule, const Packet& packet);

// Null when there are no rules.
const EffectiveRule* first_match(const std::vector<EffectiveRule>& rules, const Packet& packet);

// The longest prefix among active rows; null when nothing matches.
const EffectiveRoute* select_route(const std::vector<EffectiveRoute>& routes,
                                   Ipv4Address destination);

}  // namespace egress::policy::test
