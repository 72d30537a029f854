// SPDX-License-Identifier: MIT
#include "state/netns_mark.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "state/nft_table.hpp"

namespace egress::state {
namespace {

constexpr std::string_view kWord = "egressd ";
constexpr size_t kLongestAlias = 255;  // IFALIASZ less its closing zero

}  // namespace

NetnsMark make_mark(std::string prefix, std::string state_dir) {
  const size_t taken = kWord.size() + prefix.size() + 1;
  const size_t room = kLongestAlias - std::min(taken, kLongestAlias);
  if (state_dir.size() > room) {
    const std::string end = "..." + digest_of(state_dir);
    state_dir = state_dir.substr(0, room - std::min(room, end.size())) + end;
  }
  return {std::move(prefix), std::move(state_dir)};
}

std::string to_alias(const NetnsMark& mark) {
  return fmt::format("{}{} {}", kWord, mark.prefix, mark.state_dir);
}

// What is shown to people later: control characters would reach their terminals.
std::optional<NetnsMark> parse_mark(const std::string& alias) {
  const auto is_control = [](unsigned char letter) { return letter < 0x20 || letter == 0x7f; };
  if (alias.compare(0, kWord.size(), kWord) != 0) return std::nullopt;
  if (std::any_of(alias.begin(), alias.end(), is_control)) return std::nullopt;
  const size_t space = alias.find(' ', kWord.size());
  if (space == std::string::npos || space == kWord.size() || space + 1 == alias.size()) {
    return std::nullopt;
  }
  return NetnsMark{alias.substr(kWord.size(), space - kWord.size()), alias.substr(space + 1)};
}

}  // namespace egress::state
