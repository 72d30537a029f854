// SPDX-License-Identifier: MIT
#include "state/nft_table.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/stable_hash.hpp"

namespace egress::state {
namespace {

std::string declaration_text(const NftMap& map) {
  std::string text = type_text(map);
  if (map.interval) text += "; flags interval";
  if (map.timeout_seconds != 0) text += fmt::format("; timeout {}s", map.timeout_seconds);
  if (map.size != 0) text += fmt::format("; size {}", map.size);
  return text;
}

void add_map(Digest& digest, const std::string& name, const NftMap& map) {
  digest.add(name);
  digest.add(declaration_text(map));
  for (const auto* names : {&map.interfaces, &map.chains}) {
    digest.add(static_cast<uint32_t>(names->size()));
    for (const std::string& each : *names) digest.add(each);
  }
  digest.add(static_cast<uint32_t>(map.marks.size()));
  for (const uint32_t mark : map.marks) digest.add(mark);
  digest.add(map.rows.digest());
}

// nft has no escapes inside quotes.
std::string quotable(const std::string& whole_text, size_t longest) {
  constexpr size_t kHashDigits = 8;
  std::string text = whole_text;
  if (text.size() > longest) {
    Digest whole;
    whole.add(whole_text);
    text.resize(longest - kHashDigits - 1);
    text += "~" + whole.text().substr(0, kHashDigits);
  }
  std::replace_if(
      text.begin(), text.end(),
      [](char letter) { return letter < ' ' || letter > '~' || letter == '"'; }, '?');
  return text;
}

std::string text_of_chains(const NftTable& table) {
  std::string text;
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
  return fmt::format("{} comment \"{}\"", rule.expression,
                     quotable(rule.comment, kNftLongestComment));
}

std::string drop_prefix(const std::string& prefix) {
  return quotable(prefix, kNftLongestPrefix);
}

std::string log_and_drop(const std::string& prefix) {
  return fmt::format("counter log prefix \"{}\" group {} drop", drop_prefix(prefix), kDropLogGroup);
}

std::string to_text(const NftTable& table) {
  std::string text;
  for (const auto& [name, map] : table.maps) {
    text += fmt::format("{} {}: {}\n", keyword(map), name, declaration_text(map));
    for (const NftRow& row : rows_of(map)) text += "  " + element_text(map, row) + "\n";
  }
  return text + text_of_chains(table);
}

std::string digest_of(std::string_view text) {
  Digest digest;
  digest.add(text);
  return digest.text();
}

Firewall make_firewall(NftTable table) {
  Digest digest;
  digest.add(text_of_chains(table));
  for (const auto& [name, map] : table.maps) add_map(digest, name, map);
  return {.digest = digest.text(), .table = std::make_shared<const NftTable>(std::move(table))};
}

}  // namespace egress::state
