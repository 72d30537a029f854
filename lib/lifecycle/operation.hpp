// SPDX-License-Identifier: MIT
#pragma once

// What people do to a lab in force, and what each edits in it.

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/ip.hpp"
#include "base/result.hpp"
#include "lab/edit.hpp"
#include "lab/lab.hpp"

namespace egress::lifecycle {

struct Scale {
  std::string server_farm{};
  std::optional<int> capacity{};
  std::optional<std::string> sku{};
};
struct Connect {
  std::string site{};
  lab::SubnetRef subnet{};
  std::optional<Ipv4Prefix> create{};  // the subnet is made with this prefix
};
struct Disconnect {
  std::string site{};
};
// Exchanges an app with one of its deployment slots, as far as Azure does: what they run, their app
// settings but for those of `slotConfigNames`. Networks, identities, addresses and logs stay.
struct Swap {
  std::string site{};
  std::string slot{};  // "staging"
};
struct Delete {
  std::string kind{};  // "subnet" (lab/resource_kinds.hpp)
  std::string name{};  // "spoke/apps"
};
struct Set {
  std::string path{};   // "serverFarms.plan.capacity"
  std::string value{};  // YAML
};
struct Unset {
  std::string path{};
};
// Takes orphaned links from a subnet (azure-facts 3.4.7).
struct Purge {
  lab::SubnetRef subnet{};
};
using Operation = std::variant<Scale, Connect, Disconnect, Delete, Set, Unset, Purge, Swap>;

const char* name_of(const Operation& operation);  // "scale"
// As typed: "scale plan --capacity 3".
std::string to_text(const Operation& operation);

struct Edits {
  std::vector<lab::Edit> edits{};  // none: it is so already
  // For people, a sentence each: what goes along that nobody named, like the expectations of a
  // deleted site or the far side of a peering.
  std::vector<std::string> notes{};
};
// Purge edits nothing. kNotFound for what the lab does not have, kInvalid for a kind, a name or a
// path that cannot be one.
Result<Edits> edits_of(const Operation& operation, const lab::Lab& in_force);

}  // namespace egress::lifecycle
