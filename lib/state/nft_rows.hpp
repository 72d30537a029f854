// SPDX-License-Identifier: MIT
#pragma once

// A map of a security gate as numbers: it may have a hundred thousand elements, for which text
// would cost most of the time and memory of a change.

#include <array>
#include <compare>
#include <cstdint>
#include <string>
#include <vector>

namespace egress::state {

enum class NftField : uint8_t { kMark, kAddress, kProtocol, kPort };

// One element. All in host byte order; fields that the key does not have are 0.
struct NftRow {
  static constexpr size_t kMostFields = 3;
  using Key = std::array<uint32_t, kMostFields>;
  Key first{};
  Key last{};          // differs from `first` only where the map has intervals
  uint32_t value = 0;  // a mark; in a verdict map an index into its chains
  auto operator<=>(const NftRow&) const = default;
};

struct NftRowMap {
  std::vector<NftField> key{};
  bool interval = false;
  std::vector<std::string> chains{};  // where a verdict map leads to; empty: values are marks
  std::vector<NftRow> rows{};         // sorted, disjoint

  bool leads_to_chains() const { return !chains.empty(); }
  bool operator==(const NftRowMap&) const = default;
};

// "typeof meta mark . th dport : verdict", "0x00000001 . 80-90 : goto out/data/allow/web".
std::string type_text(const NftRowMap& map);
std::string element_text(const NftRowMap& map, const NftRow& row);

// What turns one map into another that is declared alike. Rows of `added` are in terms of the first
// map's chains, rows of `removed` of the second's.
struct NftRowDifference {
  std::vector<NftRow> added{};
  std::vector<NftRow> removed{};
};
NftRowDifference difference(const NftRowMap& desired, const NftRowMap& previous);

}  // namespace egress::state
