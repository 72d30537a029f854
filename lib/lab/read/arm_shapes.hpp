// SPDX-License-Identifier: MIT
#pragma once

// Azure Resource Manager's own shapes, as templates, exports and `az … show` have them, where a lab
// is written without the envelope: what to write in their place, in the user's own names.

#include <optional>
#include <string>
#include <vector>

#include "lab/read/yaml_reader.hpp"

namespace egress::lab {

struct ArmShape {
  std::string message{};
  std::string hint{};
  std::vector<std::string> means{};  // the lab's own properties that it stands for
};

// A key that ARM has in place of one of the lab's.
std::optional<ArmShape> arm_key(ObjectType type, const Value& object, const Value& entry);

// A list of {name, …} where children are keyed by name.
std::optional<ArmShape> arm_children(const Value& list);

// A map where a word or a name stands: {id: …}, {name: …}, {properties: {serviceName: …}}.
std::optional<ArmShape> arm_text(const Value& map);

// A whole file that is a template, or one resource as `az` shows it.
std::optional<ArmShape> arm_file(const YamlNode& root);

}  // namespace egress::lab
