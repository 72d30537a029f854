// SPDX-License-Identifier: MIT
#pragma once

// A situation as the text by which a program of ours knows the lab as the daemon does. What the
// analysis does not read is not in it. Equal values have equal texts.

#include <string>

#include "base/result.hpp"
#include "policy/network.hpp"

namespace egress::settings {

std::string to_text(const policy::Situation& situation);
// kInvalid says what is wrong with the text. The lab in it has been judged as a file's is, and has
// the leases that the analysis needs.
Result<policy::Situation> parse_situation(const std::string& text);

}  // namespace egress::settings
