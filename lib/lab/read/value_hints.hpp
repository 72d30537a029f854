// SPDX-License-Identifier: MIT
#pragma once

// What is meant by values that people write in rules and in place of Azure's words, where the form
// alone would lead nowhere.

#include <optional>
#include <string>

#include "lab/read/yaml_reader.hpp"

namespace egress::lab {

struct ValueHint {
  std::string message{};
  std::string hint{};
};

// "write Outbound" for "Egress"; empty: nothing is known to be meant.
std::string hint_for_word(const std::string& word, const std::vector<std::string>& words);

// Of the singular keys of a security rule: lists, "Any", names and URLs.
std::optional<ValueHint> hint_for_address(const Value& value);
std::optional<ValueHint> hint_for_ports(const Value& value);

}  // namespace egress::lab
