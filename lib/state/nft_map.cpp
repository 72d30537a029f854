// SPDX-License-Identifier: MIT
#include "state/nft_map.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <limits>
#include <map>
#include <numeric>

#include "base/stable_hash.hpp"

namespace egress::state {
namespace {

const char* type_of(NftField field) {
  switch (field) {
    case NftField::kIifname: return "iifname";
    case NftField::kOifname: return "oifname";
    case NftField::kSaddr: return "ip saddr";
    case NftField::kDaddr: return "ip daddr";
    case NftField::kSport: return "th sport";
    case NftField::kDport: return "th dport";
    case NftField::kProtocol: return "meta l4proto";
    case NftField::kMark: return "meta mark";
  }
  return "";
}

const char* type_of(NftData data) {
  switch (data) {
    case NftData::kNone: return "";
    case NftData::kVerdict: return " : verdict";
    case NftData::kMark: return " : meta mark";
    case NftData::kZone: return " : ct zone";
    case NftData::kAddress: return " : ip saddr";
  }
  return "";
}

std::string mark_text(uint32_t mark) {
  return fmt::format("{:#010x}", mark);
}

std::string key_text(const NftMap& map, NftField field, uint32_t number) {
  switch (field) {
    case NftField::kIifname:
    case NftField::kOifname: return fmt::format("\"{}\"", map.interfaces.at(number));
    case NftField::kSaddr:
    case NftField::kDaddr: return Ipv4Address{number}.to_string();
    case NftField::kMark: return mark_text(number);
    case NftField::kProtocol:
      if (number == 6) return "tcp";
      if (number == 17) return "udp";
      return fmt::format("{}", number);
    case NftField::kSport:
    case NftField::kDport: return fmt::format("{}", number);
  }
  return {};
}

std::string data_text(const NftMap& map, uint32_t value) {
  switch (map.data) {
    case NftData::kNone: return "";
    case NftData::kVerdict: return " : goto " + map.chains.at(value);
    case NftData::kMark: return " : " + mark_text(value);
    case NftData::kZone: return fmt::format(" : {}", value);
    case NftData::kAddress: return " : " + Ipv4Address{value}.to_string();
  }
  return {};
}

// Names in sorted order, so that a map's rows do not depend on the order in which they came.
std::vector<std::string> in_order(std::vector<std::string> names) {
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

uint32_t place_of(const std::vector<std::string>& names, const std::string& name) {
  const auto found = std::lower_bound(names.begin(), names.end(), name);
  return static_cast<uint32_t>(found - names.begin());
}

void collect_name(std::vector<std::string>& names, const NftValue& value) {
  if (const auto* name = std::get_if<std::string>(&value)) names.push_back(*name);
}

struct Range {
  uint32_t first = 0;
  uint32_t last = 0;
};

Range range_of(const NftValue& value, const std::vector<std::string>& names) {
  if (const auto* prefix = std::get_if<Ipv4Prefix>(&value)) {
    return {prefix->first().bits, prefix->last().bits};
  }
  uint32_t number = 0;
  if (const auto* plain = std::get_if<uint32_t>(&value)) number = *plain;
  if (const auto* address = std::get_if<Ipv4Address>(&value)) number = address->bits;
  if (const auto* name = std::get_if<std::string>(&value)) number = place_of(names, *name);
  return {number, number};
}

// Where the names of one list stand in another; far behind its end those that it does not have.
std::vector<uint32_t> places_in(const std::vector<std::string>& names,
                                const std::vector<std::string>& previous) {
  std::map<std::string_view, uint32_t> places;
  for (const std::string& name : names) {
    places.emplace(name, static_cast<uint32_t>(places.size()));
  }
  std::vector<uint32_t> found;
  for (const std::string& name : previous) {
    const auto place = places.find(name);
    found.push_back(place == places.end() ? std::numeric_limits<uint32_t>::max() : place->second);
  }
  return found;
}

bool is_interface(NftField field) {
  return field == NftField::kIifname || field == NftField::kOifname;
}

// The previous map's rows in terms of the desired map's names; one that needs a name which the
// desired map does not know equals none of its rows.
std::vector<NftRow> translated(const NftMap& previous, const NftMap& desired) {
  std::vector<NftRow> rows = rows_of(previous);
  if (previous.chains != desired.chains && previous.data == NftData::kVerdict) {
    const std::vector<uint32_t> places = places_in(desired.chains, previous.chains);
    for (NftRow& row : rows) row.value = places.at(row.value);
  }
  if (previous.interfaces == desired.interfaces) return rows;
  const std::vector<uint32_t> places = places_in(desired.interfaces, previous.interfaces);
  for (size_t i = 0; i < previous.key.size(); ++i) {
    if (!is_interface(previous.key[i])) continue;
    for (NftRow& row : rows) row.first[i] = row.last[i] = places.at(row.first[i]);
  }
  return rows;
}

std::string digest_of(const std::vector<NftRow>& rows) {
  Digest digest;
  for (const NftRow& row : rows) {
    for (const uint32_t number : row.first) digest.add(number);
    for (const uint32_t number : row.last) digest.add(number);
    digest.add(row.value);
  }
  return digest.text();
}

}  // namespace

NftRows::NftRows(std::vector<NftRow> rows) {
  std::string digest = digest_of(rows);
  shared_ = std::make_shared<const Shared>(Shared{std::move(rows), std::move(digest)});
}

NftMap make_map(NftMap map, const std::vector<NftElement>& elements) {
  map.interfaces.clear();
  map.chains.clear();
  for (const NftElement& element : elements) {
    for (const NftValue& field : element.key) collect_name(map.interfaces, field);
    collect_name(map.chains, element.data);
  }
  map.interfaces = in_order(std::move(map.interfaces));
  map.chains = in_order(std::move(map.chains));
  std::vector<NftRow> rows;
  for (const NftElement& element : elements) {
    NftRow row{.value = range_of(element.data, map.chains).first};
    for (size_t i = 0; i < element.key.size(); ++i) {
      const Range range = range_of(element.key[i], map.interfaces);
      row.first.at(i) = range.first;
      row.last.at(i) = range.last;
    }
    rows.push_back(row);
  }
  std::sort(rows.begin(), rows.end());
  rows.erase(std::unique(rows.begin(), rows.end()), rows.end());
  map.rows = std::move(rows);
  return map;
}

std::vector<NftRow> rows_of(const NftMap& map) {
  std::vector<NftRow> rows = map.rows.list();
  if (map.marks.empty()) return rows;
  const bool keyed = map.key.front() == NftField::kMark;
  for (NftRow& row : rows) {
    if (keyed) row.first[0] = row.last[0] = map.marks.at(row.first[0]);
    if (map.data == NftData::kMark) row.value = map.marks.at(row.value);
  }
  if (keyed) std::sort(rows.begin(), rows.end());
  return rows;
}

const char* keyword(const NftMap& map) {
  return map.data == NftData::kNone ? "set" : "map";
}

std::string type_text(const NftMap& map) {
  std::vector<const char*> fields;
  for (const NftField field : map.key) fields.push_back(type_of(field));
  return fmt::format("typeof {}{}", fmt::join(fields, " . "), type_of(map.data));
}

std::string element_text(const NftMap& map, const NftRow& row) {
  std::string text;
  for (size_t i = 0; i < map.key.size(); ++i) {
    if (i > 0) text += " . ";
    text += key_text(map, map.key[i], row.first[i]);
    if (row.last[i] != row.first[i]) text += "-" + key_text(map, map.key[i], row.last[i]);
  }
  return text + data_text(map, row.value);
}

NftRowDifference difference(const NftMap& desired, const NftMap& previous) {
  if (desired == previous) return {};
  const std::vector<NftRow> rows = rows_of(desired);
  const std::vector<NftRow> before = rows_of(previous);
  const std::vector<NftRow> present = translated(previous, desired);
  std::vector<size_t> order(present.size());
  std::iota(order.begin(), order.end(), size_t{0});
  if (previous.interfaces != desired.interfaces) {
    std::sort(order.begin(), order.end(),
              [&](size_t a, size_t b) { return present[a] < present[b]; });
  }
  NftRowDifference found;
  auto wanted = rows.begin();
  for (const size_t i : order) {
    while (wanted != rows.end() && *wanted < present[i]) found.added.push_back(*wanted++);
    if (wanted != rows.end() && *wanted == present[i]) {
      ++wanted;
    } else {
      found.removed.push_back(before[i]);
    }
  }
  found.added.insert(found.added.end(), wanted, rows.end());
  return found;
}

}  // namespace egress::state
