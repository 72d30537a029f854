// SPDX-License-Identifier: MIT
#pragma once

// How resources are called and referred to.

#include <compare>
#include <map>
#include <set>
#include <string>
#include <string_view>

namespace egress::lab {

// Names are found without regard to case, as Azure's are, and keep the spelling that declared
// them. References hold that spelling too: the loader sees to it, so that all else compares
// exactly.
struct NameLess {
  using is_transparent = void;
  bool operator()(std::string_view a, std::string_view b) const;
};
template <typename T>
using Named = std::map<std::string, T, NameLess>;
using Names = std::set<std::string, NameLess>;

// "vnet/subnet", the lab file's form of a reference to a subnet.
struct SubnetRef {
  std::string vnet{};
  std::string subnet{};
  auto operator<=>(const SubnetRef&) const = default;
  std::string to_string() const { return vnet + "/" + subnet; }
};

}  // namespace egress::lab
