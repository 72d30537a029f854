// SPDX-License-Identifier: MIT
#pragma once

// One nftables table as plain data, and its nft script. Base chains, sets and maps are created
// once and only their contents are replaced afterwards: re-creating a base chain in force drops
// and leaks packets (measured, ARCHITECTURE.md "nftables").

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "state/nft_rows.hpp"

namespace egress::state {

// A set, or a map when `is_map`. `type` is nft's own text behind the name: "type ipv4_addr : mark"
// or "typeof meta mark . ip saddr : meta mark". Elements are nft text too ("10.0.0.0/8 : 0x1"),
// sorted and disjoint.
struct NftSet {
  bool is_map = false;
  std::string type{};
  bool interval = false;
  // Rules add the elements, which then stay for so long; `elements` is empty. 0: not such a set.
  uint32_t timeout_seconds = 0;
  std::vector<std::string> elements{};
  bool operator==(const NftSet&) const = default;
};

struct NftHook {
  std::string type{};  // "filter", "nat", "route"
  std::string hook{};  // "prerouting"
  int priority = 0;
  bool policy_drop = false;
  bool operator==(const NftHook&) const = default;
};

// `expression` is nft's text of matches and statements; `comment` names the rule's source for who
// reads the ruleset, in any characters and of any length.
struct NftRule {
  std::string expression{};
  std::string comment{};
  bool operator==(const NftRule&) const = default;
};
// As nft takes it: a comment is quoted, and one that nft would refuse is cut to kNftLongestComment
// bytes and ends in eight digits of its hash. '"' and what does not print appear as '?'.
std::string to_text(const NftRule& rule);
inline constexpr size_t kNftLongestComment = 128;

struct NftChain {
  std::optional<NftHook> hook{};
  std::vector<NftRule> rules{};
  bool operator==(const NftChain&) const = default;
};

// Names of chains, sets and maps: a letter, then letters, digits and "/._-", at most 255 bytes, and
// the whole name no word of nft's language ("drop" is refused, "out/drop" is not). nft 1.0.6
// refuses a digit, '-' or '/' in front, and '+' and blanks anywhere.
struct NftTable {
  std::map<std::string, NftSet> sets{};
  std::map<std::string, NftRowMap> row_maps{};  // no name of `sets`
  std::map<std::string, NftChain> chains{};
  bool operator==(const NftTable&) const = default;
};

inline constexpr const char* kNftTable = "ip egressd";  // family and name
// The set whose comment tells what is in force. marker_script() writes it; no NftTable holds it.
inline constexpr const char* kNftMarkerSet = "meta_generation";

// What a namespace's firewall is, by content: equal digests are equal tables. Observed firewalls
// carry the digest that the kernel's marker set tells, and the table when this process applied it
// (null after a restart). A digest of "changed" means somebody altered the table since.
struct Firewall {
  std::string digest{};
  std::shared_ptr<const NftTable> table{};
  bool operator==(const Firewall& other) const { return digest == other.digest; }
};
inline constexpr const char* kFirewallChanged = "changed";
Firewall make_firewall(NftTable table);  // computes the digest
// The same kind of digest, 32 letters, of a text.
std::string digest_of(std::string_view text);

std::string to_text(const NftTable& table);  // deterministic, for golden files

// Chains, sets and maps by name.
struct NftNames {
  std::vector<std::string> chains{};
  std::vector<std::string> sets{};
  std::vector<std::string> maps{};
  bool empty() const { return chains.empty() && sets.empty() && maps.empty(); }
};

// Elements to add to one row map, or to delete from it.
enum class NftElementsVerb { kAdd, kDelete };
struct NftElements {
  NftElementsVerb verb = NftElementsVerb::kAdd;
  std::string map{};
  NftRowMap content{};
};
// One transaction: a script, or elements of row maps.
using NftStep = std::variant<std::string, std::vector<NftElements>>;

// The transactions, in order, that turn `previous`, which is in force, into `desired` without a
// moment in which packets meet half of it. Only what differs is touched, maps and sets by element
// deltas where that is cheaper. Empty when nothing differs; a single rewrite when something must be
// declared differently.
//
// Row maps whose key begins with a mark are keyed by class, and a class number stands for what the
// class does: what is there under a number never changes. So rows of new classes come first, then
// rules and the maps that give packets their class, then rows of old classes go.
std::vector<NftStep> update_steps(const NftTable& desired, const NftTable& previous);

// One transaction that makes `desired` whatever is there: every chain is flushed, every set
// refilled. `stray` is removed first, so it names what the kernel holds and `desired` has not;
// naming an object that `desired` has makes it anew, which is needed when its declaration differs.
std::string rewrite_script(const NftTable& desired, const NftNames& stray);

// Goes with the last transaction. `marker` becomes the marker set's comment (no quotes, at most
// 127 bytes).
std::string marker_script(const std::string& marker);

}  // namespace egress::state
