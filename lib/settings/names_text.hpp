// SPDX-License-Identifier: MIT
#pragma once

// The names of a lab, as the text that egress-dns is given. Equal values have equal texts.

#include <string>

#include "base/result.hpp"
#include "policy/names.hpp"

namespace egress::settings {

std::string to_text(const policy::Names& names);
// kInvalid says what is wrong with the text; what it returns, policy::answer() can be asked about.
Result<policy::Names> parse_names(const std::string& text);

}  // namespace egress::settings
