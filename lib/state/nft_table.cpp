// SPDX-License-Identifier: MIT
#include "state/nft_table.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/stable_hash.hpp"

namespace egress::state {
namespace {

void add_rows(Digest& digest, const NftRowMap& map) {
  digest.add(type_text(map));
  for (const std::string& chain : map.chains) digest.add(chain);
  for (const NftRow& row : map.rows) {
    for (const uint32_t number : row.first) digest.add(number);
    for (const uint32_t number : row.last) digest.add(number);
    digest.add(row.value);
  }
}

// nft has no escapes inside quotes.
std::string comment_text(const std::string& comment) {
  constexpr size_t kHashDigits = 8;
  std::string text = comment;
  if (text.size() > kNftLongestComment) {
    Digest whole;
    whole.add(comment);
    text.resize(kNftLongestComment - kHashDigits - 1);
    text += "~" + whole.text().substr(0, kHashDigits);
  }
  std::replace_if(
      text.begin(), text.end(),
      [](char letter) { return letter < ' ' || letter > '~' || letter == '"'; }, '?');
  return text;
}

std::string text_without_rows(const NftTable& table) {
  std::string text;
  for (const auto& [name, set] : table.sets) {
    text += fmt::format("{} {}: {}{}\n", set.is_map ? "map" : "set", name, set.type,
                        set.interval ? "; flags interval" : "");
    if (set.timeout_seconds != 0) text += fmt::format("  for {} s\n", set.timeout_seconds);
    for (const std::string& element : set.elements) text += "  " + element + "\n";
  }
  for (const auto& [name, chain] : table.chains) {
    text += "chain " + name;
    if (chain.hook) {
      text += fmt::format(": type {} hook {} priority {}; policy {}", chain.hook->type,
                          chain.hook->hook, chain.hook->priority,
                          chain.hook->policy_drop ? "drop" : "accept");
    }
    text += "\n";
    for (const NftRule& rule : chain.rules) text += "  " + to_text(rule) + "\n";
  }
  return text;
}

}  // namespace

std::string to_text(const NftRule& rule) {
  if (rule.comment.empty()) return rule.expression;
  return fmt::format("{} comment \"{}\"", rule.expression, comment_text(rule.comment));
}

std::string to_text(const NftTable& table) {
  std::string text;
  for (const auto& [name, map] : table.row_maps) {
    text +=
        fmt::format("map {}: {}{}\n", name, type_text(map), map.interval ? "; flags interval" : "");
    for (const NftRow& row : map.rows) text += "  " + element_text(map, row) + "\n";
  }
  return text + text_without_rows(table);
}

std::string digest_of(std::string_view text) {
  Digest digest;
  digest.add(text);
  return digest.text();
}

Firewall make_firewall(NftTable table) {
  Digest digest;
  digest.add(text_without_rows(table));
  for (const auto& [name, map] : table.row_maps) {
    digest.add(name);
    add_rows(digest, map);
  }
  return {.digest = digest.text(), .table = std::make_shared<const NftTable>(std::move(table))};
}

}  // namespace egress::state
