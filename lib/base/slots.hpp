// SPDX-License-Identifier: MIT
#pragma once

// Numbers for keys, taken from hashes so that keys which come and go elsewhere change none. What is
// hashed is probed: of keys whose hashes meet, the first in sorted order has its hash and the
// others the next free value. A key that holds a number keeps it, whoever comes or goes; so what is
// given depends on the set of keys and on what was given before, and giving again changes nothing.

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/result.hpp"

namespace egress {

using Numbers = std::map<std::string, uint32_t>;  // by key
// Numbers of many kinds, by what says of what they are.
using NumberBook = std::map<std::string, Numbers>;
const Numbers& numbers_in(const NumberBook& book, const std::string& of);

// Gives each key a number below `size`, of which there are at least as many as keys.
std::map<std::string, uint64_t> probed(const std::set<std::string>& keys, uint64_t size);

// Gives each key a number in [first, last], and those that hold one there that one. kInvalid when
// there are more keys than numbers; `what` names the keys then ("subnets of virtual network
// 'hub'").
Result<Numbers> assign_slots(const std::string& what, const std::vector<std::string>& keys,
                             uint32_t first, uint32_t last, const Numbers& held = {});

}  // namespace egress
