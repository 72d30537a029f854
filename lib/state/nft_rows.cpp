// SPDX-License-Identifier: MIT
#include "state/nft_rows.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <limits>

#include "base/ip.hpp"

namespace egress::state {
namespace {

const char* type_of(NftField field) {
  switch (field) {
    case NftField::kMark: return "meta mark";
    case NftField::kAddress: return "ip daddr";
    case NftField::kProtocol: return "meta l4proto";
    case NftField::kPort: return "th dport";
  }
  return "";
}

std::string number_text(NftField field, uint32_t number) {
  switch (field) {
    case NftField::kMark: return fmt::format("{:#010x}", number);
    case NftField::kAddress: return Ipv4Address{number}.to_string();
    case NftField::kProtocol:
      if (number == 6) return "tcp";
      if (number == 17) return "udp";
      return fmt::format("{}", number);
    case NftField::kPort: return fmt::format("{}", number);
  }
  return {};
}

// The previous map's rows in terms of the desired map's chains; one that leads to a chain which the
// desired map does not know equals none of its rows.
std::vector<NftRow> translated(const NftRowMap& previous, const NftRowMap& desired) {
  std::vector<NftRow> rows = previous.rows;
  if (previous.chains == desired.chains) return rows;
  std::vector<uint32_t> index;
  for (const std::string& chain : previous.chains) {
    const auto found = std::find(desired.chains.begin(), desired.chains.end(), chain);
    index.push_back(found == desired.chains.end()
                        ? std::numeric_limits<uint32_t>::max()
                        : static_cast<uint32_t>(found - desired.chains.begin()));
  }
  for (NftRow& row : rows) row.value = index.at(row.value);
  return rows;
}

}  // namespace

std::string type_text(const NftRowMap& map) {
  std::vector<const char*> fields;
  for (const NftField field : map.key) fields.push_back(type_of(field));
  return fmt::format("typeof {} : {}", fmt::join(fields, " . "),
                     map.leads_to_chains() ? "verdict" : "meta mark");
}

std::string element_text(const NftRowMap& map, const NftRow& row) {
  std::string text;
  for (size_t i = 0; i < map.key.size(); ++i) {
    if (i > 0) text += " . ";
    text += number_text(map.key[i], row.first[i]);
    if (row.last[i] != row.first[i]) text += "-" + number_text(map.key[i], row.last[i]);
  }
  if (map.leads_to_chains()) return text + " : goto " + map.chains.at(row.value);
  return text + " : " + number_text(NftField::kMark, row.value);
}

NftRowDifference difference(const NftRowMap& desired, const NftRowMap& previous) {
  const std::vector<NftRow> present = translated(previous, desired);
  NftRowDifference found;
  auto wanted = desired.rows.begin();
  for (size_t i = 0; i < present.size(); ++i) {
    while (wanted != desired.rows.end() && *wanted < present[i]) found.added.push_back(*wanted++);
    if (wanted != desired.rows.end() && *wanted == present[i]) {
      ++wanted;
    } else {
      found.removed.push_back(previous.rows[i]);
    }
  }
  found.added.insert(found.added.end(), wanted, desired.rows.end());
  return found;
}

}  // namespace egress::state
