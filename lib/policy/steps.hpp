// SPDX-License-Identifier: MIT
#pragma once

// The sentences of the stages that nearly every flow passes. Steps that only one outcome knows are
// worded where that outcome is decided, in walk.cpp.

#include <string>

#include "policy/effective_routes.hpp"
#include "policy/effective_rules.hpp"
#include "policy/explain.hpp"
#include "policy/lanes.hpp"

namespace egress::policy {

// `app` is who sends, as an Origin is called; `inside`: the packet enters the virtual network.
Step routing_step(const std::string& app, const Lane& lane, Ipv4Address destination, bool inside);
Step route_step(const std::string& subnet, const EffectiveRoute& route, Ipv4Address destination);
Step rule_step(const std::string& subnet, const EffectiveRule& rule, lab::Direction direction);
Step no_list_step(const std::string& subnet, lab::Direction direction);

}  // namespace egress::policy
