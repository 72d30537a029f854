// SPDX-License-Identifier: MIT
#pragma once

// Under which names a table's objects are in the kernel. What is replaced as a whole is made anew
// beside what is in force, and the two must differ in name: "out/data" and "out/data//2". Nothing
// in an NftTable has "//" in its name, so that a listing tells every process what is what.

#include <map>
#include <set>
#include <string>

#include "state/nft_table.hpp"

namespace egress::state {

// Names in the kernel by names in the table, of those that differ.
struct NftAliases {
  std::map<std::string, std::string> chains{};
  std::map<std::string, std::string> maps{};
  bool operator==(const NftAliases&) const = default;
};

// The name in the table of what has this name in the kernel.
std::string table_name(const std::string& kernel_name);
// A name for `name` in the kernel that is not `taken`, where it is noted.
std::string free_name(const std::string& name, std::set<std::string>& taken);
const std::string& name_in(const std::map<std::string, std::string>& aliases,
                           const std::string& name);
// Notes nothing when the names are the same.
void set_alias(std::map<std::string, std::string>& aliases, const std::string& name,
               const std::string& kernel_name);

// The table as the kernel holds it: all names, and whatever names them.
NftTable renamed(const NftTable& table, const NftAliases& aliases);

// Maps that the chain's rules look something up in.
std::set<std::string> maps_used_by(const NftChain& chain);

}  // namespace egress::state
