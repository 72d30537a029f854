// SPDX-License-Identifier: MIT
#pragma once

// Findings of a lab file as compilers print theirs, with the place in the source where a person
// looks on.

#include <string>

#include "egressctl/json_access.hpp"
#include "egressctl/terminal.hpp"

namespace egress::ctl {

// A lab's text, for excerpts; `file` as the findings name it.
struct Source {
  std::string file{};
  std::string text{};
};

// One finding a line: "file:line:column: error: …". On a terminal the source line and a caret
// follow where the finding has a place in `source`.
std::string render_findings(const Json& findings, const Source& source, const Screen& screen);

}  // namespace egress::ctl
