// SPDX-License-Identifier: MIT
#pragma once

// Starts of random apps: of whom the platform fetches what they ask for.

#include <vector>

#include "tests/oracle/generator.hpp"

namespace egress::oracle {

// The start of an instance.
struct StartCase {
  lab::Sender from{};
};

// Has much of what apps fetch come from those whom the lab has.
void aim_starts(lab::Lab& lab, Random& random);

// Of every instance whose site asks the platform for something.
std::vector<StartCase> all_starts(const lab::Lab& lab);

}  // namespace egress::oracle
