// SPDX-License-Identifier: MIT
#pragma once

// A set or map of nftables with its elements as numbers: a security gate's may have a hundred
// thousand, for which text would cost most of the time and memory of a change. What has a name, an
// interface or a chain, stands once in the map and in its rows by place.

#include <array>
#include <compare>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "base/ip.hpp"

namespace egress::state {

enum class NftField : uint8_t {
  kIifname,
  kOifname,
  kSaddr,
  kDaddr,
  kSport,
  kDport,
  kProtocol,
  kMark
};
// What an element leads to; a set's lead nowhere. A zone is one of connection tracking.
enum class NftData : uint8_t { kNone, kVerdict, kMark, kZone, kAddress };

// One element. All in host byte order; fields that the key does not have are 0.
struct NftRow {
  static constexpr size_t kMostFields = 3;
  using Key = std::array<uint32_t, kMostFields>;
  Key first{};         // an interface is an index into the map's
  Key last{};          // differs from `first` only where the map has intervals
  uint32_t value = 0;  // a verdict is an index into the map's chains
  auto operator<=>(const NftRow&) const = default;
};

// Rows, sorted and disjoint, as a value whose copies share them: maps that differ in names alone
// hold one list.
class NftRows {
 public:
  NftRows() : NftRows(std::vector<NftRow>()) {}
  NftRows(std::vector<NftRow> rows);  // NOLINT(google-explicit-constructor)
  NftRows(std::initializer_list<NftRow> rows) : NftRows(std::vector<NftRow>(rows)) {}

  size_t size() const { return shared_->list.size(); }
  bool empty() const { return shared_->list.empty(); }
  const std::vector<NftRow>& list() const { return shared_->list; }
  const std::string& digest() const { return shared_->digest; }
  bool operator==(const NftRows& other) const {
    return shared_ == other.shared_ || list() == other.list();
  }

 private:
  struct Shared {
    std::vector<NftRow> list{};
    std::string digest{};
  };
  std::shared_ptr<const Shared> shared_;
};

struct NftMap {
  std::vector<NftField> key{};
  NftData data = NftData::kNone;
  bool interval = false;
  // Rules add the elements, which then stay for so long; there are no rows. 0: not such a set.
  uint32_t timeout_seconds = 0;
  // Likewise, and they stay for good, at most so many. 0: not such a set.
  uint32_t size = 0;
  std::vector<std::string> interfaces{};
  std::vector<std::string> chains{};  // verdicts go there
  std::vector<uint32_t> marks{};      // unless empty, marks in rows are places in here
  NftRows rows{};
  bool operator==(const NftMap&) const = default;
};

// An element as its writer sees it. A prefix is an interval, names are of interfaces in a key and
// of chains behind it.
using NftValue = std::variant<uint32_t, Ipv4Address, Ipv4Prefix, std::string>;
struct NftElement {
  std::vector<NftValue> key{};
  NftValue data{};
};
// `map` with these elements and no others; equal ones count once.
NftMap make_map(NftMap map, const std::vector<NftElement>& elements);

// The rows with their marks, sorted.
std::vector<NftRow> rows_of(const NftMap& map);

// "map" or "set".
const char* keyword(const NftMap& map);
// "typeof meta mark . th dport : verdict", "0x00000001 . 80-90 : goto out/data/allow/web".
std::string type_text(const NftMap& map);
std::string element_text(const NftMap& map, const NftRow& row);  // a row of rows_of()

// What turns one map into another that is declared alike. Rows of `added` are in terms of the first
// map's names, rows of `removed` of the second's, both with their marks.
struct NftRowDifference {
  std::vector<NftRow> added{};
  std::vector<NftRow> removed{};
};
NftRowDifference difference(const NftMap& desired, const NftMap& previous);

}  // namespace egress::state
