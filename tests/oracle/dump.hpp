// SPDX-License-Identifier: MIT
#pragma once

// What the kernel holds in our namespaces, as the system's own tools list it: a second pair of
// eyes, which shares no code with what put it there. Two dumps of the same configuration are equal:
// handles, indexes, counters and orders that mean nothing are taken out.

#include <map>
#include <string>
#include <vector>

#include "base/result.hpp"

namespace egress::oracle {

// Sorted lines by namespace.
using Dump = std::map<std::string, std::vector<std::string>>;

// Every namespace of `prefix` in /run/netns.
Result<Dump> dump(const std::string& prefix);

// "orc-vnet-hub only before: route {…}", at most `most` of them.
std::vector<std::string> differences(const Dump& before, const Dump& after, size_t most);

// One namespace as listed by the tools, one JSON text each.
struct Listing {
  std::string links{};       // ip -d -j link
  std::string addresses{};   // ip -d -j addr
  std::string neighbours{};  // ip -d -j neigh show nud permanent
  std::string routes{};      // ip -d -j route show table all, both families
  std::string rules{};       // ip -d -j rule, both families
  std::string ids{};         // ip -j netns list-id
  std::string ruleset{};     // nft -j list ruleset
  std::string plain{};       // what needs no more than sorting, by line
};

// Pure: kInvalid when a text is no JSON of the expected form.
Result<Dump> normalised(const std::map<std::string, Listing>& listings);

}  // namespace egress::oracle
