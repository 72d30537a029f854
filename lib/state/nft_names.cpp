// SPDX-License-Identifier: MIT
#include "state/nft_names.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <string_view>

namespace egress::state {
namespace {

constexpr std::string_view kCopy = "//";

bool is_name_letter(char letter) {
  return std::isalnum(static_cast<unsigned char>(letter)) != 0 ||
         std::string_view("/._-").find(letter) != std::string_view::npos;
}

// Calls `visit(is_chain, word)` for each chain ("goto NAME", "jump NAME") and map ("@NAME") that a
// rule names, and puts the word that it returns there. What is quoted is an interface.
template <typename Visitor>
std::string with_names(std::string_view text, const Visitor& visit) {
  std::string result;
  std::string_view before;
  for (size_t at = 0; at < text.size();) {
    size_t end = at + 1;
    if (text[at] == '"') {
      end = std::min(text.find('"', end), text.size() - 1) + 1;
    } else if (is_name_letter(text[at])) {
      while (end < text.size() && is_name_letter(text[end])) ++end;
    }
    const std::string_view word = text.substr(at, end - at);
    if (is_name_letter(text[at])) {
      const bool is_chain = before == "goto" || before == "jump";
      const bool is_map = at > 0 && text[at - 1] == '@';
      if (is_chain || is_map) {
        result += visit(is_chain, std::string(word));
      } else {
        result += word;
      }
      before = word;
    } else {
      result += word;
    }
    at = end;
  }
  return result;
}

std::string renamed(const std::string& text, const NftAliases& aliases) {
  return with_names(text, [&](bool is_chain, const std::string& name) {
    return name_in(is_chain ? aliases.chains : aliases.maps, name);
  });
}

}  // namespace

std::string table_name(const std::string& kernel_name) {
  return kernel_name.substr(0, kernel_name.find(kCopy));
}

std::string free_name(const std::string& name, std::set<std::string>& taken) {
  std::string free = name;
  for (int copy = 2; !taken.insert(free).second; ++copy) {
    free = fmt::format("{}{}{}", name, kCopy, copy);
  }
  return free;
}

const std::string& name_in(const std::map<std::string, std::string>& aliases,
                           const std::string& name) {
  const auto found = aliases.find(name);
  return found == aliases.end() ? name : found->second;
}

void set_alias(std::map<std::string, std::string>& aliases, const std::string& name,
               const std::string& kernel_name) {
  if (kernel_name != name) aliases[name] = kernel_name;
}

NftTable renamed(const NftTable& table, const NftAliases& aliases) {
  if (aliases == NftAliases{}) return table;
  NftTable result;
  for (const auto& [name, map] : table.maps) {
    NftMap& made = result.maps[name_in(aliases.maps, name)] = map;
    for (std::string& chain : made.chains) chain = name_in(aliases.chains, chain);
  }
  for (const auto& [name, chain] : table.chains) {
    NftChain& made = result.chains[name_in(aliases.chains, name)] = chain;
    for (NftRule& rule : made.rules) rule.expression = renamed(rule.expression, aliases);
  }
  return result;
}

std::set<std::string> maps_used_by(const NftChain& chain) {
  std::set<std::string> used;
  for (const NftRule& rule : chain.rules) {
    with_names(rule.expression, [&](bool is_chain, const std::string& name) {
      if (!is_chain) used.insert(name);
      return name;
    });
  }
  return used;
}

}  // namespace egress::state
