// SPDX-License-Identifier: MIT
#pragma once

// Gateways, the networks on-premises behind them with their machines, and peers that use them.

#include <set>
#include <string>

#include "lab/lab.hpp"
#include "policy/explain.hpp"
#include "tests/oracle/generator.hpp"

namespace egress::oracle {

// To a lab in which there are none.
void add_gateways(lab::Lab& lab, Random& random);
// Beside what they lead to the same once more, and beside a gateway one of the other type.
void add_equal_ways(lab::Lab& lab, Random& random);
// What one of them leads to, if there is one.
void change_gateways(lab::Lab& lab, Random& random);

// What gateways have learned in the sessions of theirs that are up: a matter of whom they are with,
// so that a lab says it.
lab::LearnedRoutes learned_in(const lab::Lab& lab);

// For the coverage: what a lab has of it, and a flow.
std::set<std::string> gateway_features(const lab::Lab& lab);
std::set<std::string> gateway_features(const policy::Explanation& explained);
// Of a flow for which a gateway has something to choose among, there or back.
std::set<std::string> way_features(const policy::Explanation& explained);

}  // namespace egress::oracle
