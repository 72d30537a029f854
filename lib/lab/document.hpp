// SPDX-License-Identifier: MIT
#pragma once

// A lab as the JSON document that declares it, in the lab file's own words: what is written to
// files, and what operations change. JSON is YAML, so the loader's own readers read it.

#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "base/result.hpp"
#include "lab/lab.hpp"

namespace egress::lab {

using Document = nlohmann::ordered_json;

// Keys in the order of the format's description; what is empty or unset is left out.
Document document_of(const Lab& lab);

// The lab that such a document declares, judged as a whole like a file; what it lists in the file
// that it names as `serviceTags` is `tags`, which may be null where it names none. kInvalid, with
// the first finding.
Result<Lab> lab_of(const Document& document, std::shared_ptr<const ServiceTags> tags = nullptr);

// A plan's `impairment` alone, as it stands in a lab. kInvalid, naming the property at fault.
Document document_of(const Impairment& impairment);
Result<Impairment> impairment_of(const Document& document);

// kInvalid when some text in it is not UTF-8. `indent` as in nlohmann's dump(): -1 is one line.
Result<std::string> text_of(const Document& document, int indent);

// The document as a lab file. Labs that validate (lab/validate.hpp) load again as equal ones.
// kInvalid when the text is larger than the loader takes, as aliases can make it.
Result<std::string> write(const Lab& lab);

}  // namespace egress::lab
