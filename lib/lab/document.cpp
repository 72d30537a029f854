// SPDX-License-Identifier: MIT
#include "lab/document.hpp"

#include "lab/limits.hpp"
#include "lab/read/yaml_tree.hpp"
#include "lab/write/writer.hpp"

namespace egress::lab {

Document document_of(const Lab& lab) {
  return Writer(lab).write();
}

Result<std::string> text_of(const Document& document, int indent) {
  try {
    return document.dump(indent) + "\n";
  } catch (const Document::type_error&) {
    return Error{.code = Errc::kInvalid, .message = "the lab holds text that is not UTF-8"};
  }
}

Result<std::string> write(const Lab& lab) {
  const Document document = document_of(lab);
  ASSIGN_OR_RETURN(std::string text, text_of(document, 2));
  if (text.size() > kMaxFileBytes) {
    ASSIGN_OR_RETURN(text, text_of(document, -1));
  }
  if (const auto problem = parse_yaml(text).problem) {
    return Error{.code = Errc::kInvalid,
                 .message = "the lab cannot be written as a file: " + problem->message};
  }
  return text;
}

}  // namespace egress::lab
