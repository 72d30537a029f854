// SPDX-License-Identifier: MIT
#pragma once

// What the platform sends on behalf of random apps: what they have it fetch, and the switches that
// decide where that leaves.

#include "policy/lanes.hpp"
#include "tests/oracle/generator.hpp"

namespace egress::oracle {

void add_traffic(lab::Lab& lab, Random& random);
// Another switch, or something more or less to fetch.
void change_traffic(lab::Lab& lab, Random& random);

// Beside the classes that the lab asks for: who has a backup runs it.
policy::TrafficInUse run_in(const lab::Lab& lab);

// Sometimes another class of the sender's site that is in use.
void draw_traffic(const policy::TrafficInUse& in_use, Random& random, lab::Sender& sender);

}  // namespace egress::oracle
