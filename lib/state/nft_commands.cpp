// SPDX-License-Identifier: MIT
#include "state/nft_commands.hpp"

#include <fmt/format.h>

namespace egress::state {

void NftCommands::declare(const std::string& name, const NftMap& map) {
  constexpr uint32_t kMostAdded = 65536;  // by rules, at a time
  std::string flags = map.interval ? "flags interval; " : "";
  if (map.timeout_seconds != 0) {
    flags += fmt::format("flags dynamic,timeout; timeout {}s; size {}; ", map.timeout_seconds,
                         kMostAdded);
  }
  text_ += fmt::format("add {} {} {} {{ {}; {}}}\n", keyword(map), kNftTable, name, type_text(map),
                       flags);
}

void NftCommands::declare(const std::string& name, const NftChain& chain) {
  text_ += fmt::format("add chain {} {}", kNftTable, name);
  if (chain.hook) {
    text_ += fmt::format(" {{ type {} hook {} priority {}; policy {}; }}", chain.hook->type,
                         chain.hook->hook, chain.hook->priority,
                         chain.hook->policy_drop ? "drop" : "accept");
  }
  text_ += "\n";
}

void NftCommands::add_rules(const std::string& name, const NftChain& chain) {
  for (const NftRule& rule : chain.rules) {
    text_ += fmt::format("add rule {} {} {}\n", kNftTable, name, to_text(rule));
  }
}

// A set's comment is fixed for its life, and nft 1.0.6 cannot delete what may be absent: the first
// line makes sure that there is one.
void NftCommands::mark(const std::string& marker) {
  command("add", "set", std::string(kNftMarkerSet) + " { type ipv4_addr; }");
  remove("set", kNftMarkerSet);
  command("add", "set",
          fmt::format("{} {{ type ipv4_addr; comment \"{}\"; }}", kNftMarkerSet, marker));
}

void NftCommands::command(const char* verb, const char* kind, const std::string& rest) {
  text_ += fmt::format("{} {} {} {}\n", verb, kind, kNftTable, rest);
}

// One command however many elements there are: nft compares the intervals of each command with the
// whole set. Its lines stay short for people.
void NftCommands::change_elements(const char* verb, const std::string& name, const NftMap& map) {
  constexpr size_t kLine = 96;
  text_ += fmt::format("{} element {} {} {{\n", verb, kNftTable, name);
  size_t column = 0;
  for (size_t i = 0; i < map.rows.size(); ++i) {
    const std::string element = element_text(map, map.rows[i]);
    if (column != 0 && column + element.size() + 2 > kLine) {
      text_ += "\n";
      column = 0;
    }
    text_ += column == 0 ? "  " : " ";
    text_ += element;
    if (i + 1 < map.rows.size()) text_ += ",";
    column += element.size() + 2;
  }
  text_ += "\n}\n";
}

}  // namespace egress::state
