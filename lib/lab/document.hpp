// SPDX-License-Identifier: MIT
#pragma once

// A lab as the JSON document that declares it, in the lab file's own words: what is written to
// files, and what operations change. JSON is YAML, so the loader's own readers read it.

#include <nlohmann/json.hpp>
#include <string>

#include "base/result.hpp"
#include "lab/lab.hpp"

namespace egress::lab {

using Document = nlohmann::ordered_json;

// Keys in the order of the format's description; what is empty or unset is left out.
Document document_of(const Lab& lab);

// kInvalid when some text in it is not UTF-8. `indent` as in nlohmann's dump(): -1 is one line.
Result<std::string> text_of(const Document& document, int indent);

// The document as a lab file. Labs that validate (lab/validate.hpp) load again as equal ones.
// kInvalid when the text is larger than the loader takes, as aliases can make it.
Result<std::string> write(const Lab& lab);

}  // namespace egress::lab
