// SPDX-License-Identifier: MIT
#pragma once

// The transactions that turn one table into another, while packets pass.

#include <string>
#include <variant>
#include <vector>

#include "state/nft_table.hpp"

namespace egress::state {

// Elements to add to one map, or to delete from it.
enum class NftElementsVerb { kAdd, kDelete };
struct NftElements {
  NftElementsVerb verb = NftElementsVerb::kAdd;
  std::string map{};
  NftMap declared{};  // with the names that rows need, but without rows
  std::vector<NftRow> rows{};
};
// One transaction: a script, or elements of maps. Each changes something, so that each moves
// the kernel's generation by one.
using NftStep = std::variant<std::string, std::vector<NftElements>>;

bool same_declaration(const NftMap& a, const NftMap& b);
// Type, hook and priority are fixed for the life of a base chain; its policy is not.
bool same_declaration(const NftChain& a, const NftChain& b);

// How a map that keeps its name comes from one content to the other.
enum class NftSwitch {
  kWithRules,  // in the transaction of the rules
  kAtOnce,     // it gives packets their class: in one of its own, after the rules
  kInParts,    // it is keyed by class: new classes before the rules, old ones at the end
};
NftSwitch switch_of(const NftMap& map);

// What one transaction takes in any case, where it cannot be cut into parts.
inline constexpr size_t kMostRules = 200;
inline constexpr size_t kMostElements = 400;

struct NftTransition {
  std::vector<NftStep> steps{};
  // So many of the first make what nothing that packets meet leads to yet.
  size_t preparing = 0;
};

// The transactions, in order. Both tables have the kernel's names, and what both have is declared
// alike; nft_update.hpp sees to it, and to it that what changes under its name may do so:
// - nothing leads to a new object before all of it is there;
// - the rules of all chains switch in one transaction, and with them the elements of maps that
//   have nothing to do with classes;
// - then the maps that give packets their class switch, each in one transaction. A class number
//   stands for what the class does: rows of new classes are there before, rows of old ones go
//   after;
// - what nothing leads to any more goes last.
NftTransition steps_between(const NftTable& desired, const NftTable& previous);

// The rules of a chain of which only the name and the hook are known: no chain has these.
inline const std::vector<NftRule> kUnknownRules = {{"", "unknown"}};

// Goes with the last transaction. `marker` becomes the marker set's comment (no quotes, at most
// 127 bytes).
std::string marker_script(const std::string& marker);

}  // namespace egress::state
