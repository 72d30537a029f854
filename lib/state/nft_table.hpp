// SPDX-License-Identifier: MIT
#pragma once

// One nftables table as plain data. How it comes into force is nft_update.hpp's part.

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "state/nft_map.hpp"

namespace egress::state {

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

// Statements of a rule that counts a packet, tells who reads group kDropLogGroup of it, and drops
// it. A prefix that nft would refuse is cut as a comment is, to kNftLongestPrefix bytes.
std::string log_and_drop(const std::string& prefix);
std::string drop_prefix(const std::string& prefix);  // as readers see it
inline constexpr size_t kNftLongestPrefix = 127;
inline constexpr uint16_t kDropLogGroup = 1;

struct NftChain {
  std::optional<NftHook> hook{};
  std::vector<NftRule> rules{};
  bool operator==(const NftChain&) const = default;
};

// What the kernel takes, less room for "//" and the number of a copy (nft_names.hpp).
inline constexpr size_t kNftLongestName = 255 - 6;

// Names of chains and maps: a letter, then letters, digits and "/._-", at most
// kNftLongestName bytes, and the whole name no word of nft's language ("drop" is refused,
// "out/drop" is not); no "//", which is nft_names.hpp's. nft 1.0.6 refuses a digit, '-' or '/' in
// front, and '+' and blanks anywhere.
struct NftTable {
  std::map<std::string, NftMap> maps{};  // and sets
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

}  // namespace egress::state
