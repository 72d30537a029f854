// SPDX-License-Identifier: MIT
#pragma once

// Changes of a lab as values, in the words of its file: what an operation does, and what ARM's
// requests for one resource do.

#include <string>
#include <vector>

#include "lab/lab.hpp"
#include "lab/load.hpp"

namespace egress::lab {

struct Edit {
  enum class Verb {
    kPut,     // `value` stands at `path` afterwards, whatever did before
    kPatch,   // what stands there takes over the members of `value`, null removes (RFC 7396)
    kDelete,  // nothing stands there afterwards
  };
  Verb verb = Verb::kPut;
  // Key path as in findings: "sites.web", "networkSecurityGroups.nsg.securityRules.deny-sql",
  // "expectations[0]". Names are found in any case, and may hold dots.
  std::string path{};
  std::string value{};  // YAML or JSON; not for kDelete
};

// The lab with the changes, made in their order, then read and judged as a whole like a file; `lab`
// stays as it is. Findings have key paths and no places: "syntax" and the like for a `value`,
// "not-found" for a `path`; with these none of the changes is made. `read_file` is asked for
// service tags only when a change names another file.
Loaded edit(const Lab& lab, const std::vector<Edit>& changes, const ReadFile& read_file);

}  // namespace egress::lab
