// SPDX-License-Identifier: MIT
#pragma once

// Properties that change, in the words of a lab file.

#include <string>

#include "egressctl/answer.hpp"
#include "egressctl/terminal.hpp"

namespace egress::ctl {

// As it may stand in a lab file, on one line: "[10.1.2.0/24, \"443\"]".
std::string yaml_text(const Json& value);

// Of {"name", "before", "after"}, where null is what is not there: "capacity: 2 → 3" and the end of
// the line, each line indented by `indent`. What is longer than a line has one for each value, and
// two lists one for each element that is only in one of them.
std::string property_lines(const Json& property, size_t indent, const Screen& screen);

}  // namespace egress::ctl
