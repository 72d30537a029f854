// SPDX-License-Identifier: MIT
#include "lab/document.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "lab/key_path.hpp"
#include "lab/limits.hpp"
#include "lab/read/json_tree.hpp"
#include "lab/read/resources.hpp"
#include "lab/suggest.hpp"
#include "lab/write/writer.hpp"

namespace egress::lab {
namespace {

// There is one.
Error first_error(const std::vector<Finding>& findings) {
  const auto first = std::find_if(findings.begin(), findings.end(), [](const Finding& finding) {
    return finding.severity == Severity::kError;
  });
  std::string message =
      first->path.empty() ? first->message : fmt::format("{}: {}", first->path, first->message);
  return {.code = Errc::kInvalid, .message = with_hint(std::move(message), first->hint)};
}

}  // namespace

Document document_of(const Lab& lab) {
  Document document = Writer(lab).write();
  for (const NotEmulated& property : lab.not_emulated) {
    const Document value = Document::parse(property.value, nullptr, false);
    document[place_at(document, property.path).at] =
        value.is_discarded() ? Document(property.value) : value;
  }
  return document;
}

Result<Lab> lab_of(const Document& document, std::shared_ptr<const ServiceTags> tags) {
  Lab known;
  known.service_tags = std::move(tags);
  const auto file = document.is_object() ? document.find("serviceTags") : document.end();
  if (file != document.end() && file->is_string()) known.service_tags_file = *file;
  const ReadFile no_files = [](const std::string&) -> Result<std::string> {
    return Error{.code = Errc::kNotFound, .message = "its service tags are not known"};
  };
  Loaded loaded = read_lab(tree_of(document), {}, no_files, &known);
  if (loaded.lab) return std::move(*loaded.lab);
  return first_error(loaded.findings);
}

Document document_of(const Impairment& impairment) {
  return Writer({}).write(impairment);
}

Result<Impairment> impairment_of(const Document& document) {
  const YamlTree tree = tree_of(document);
  Findings findings({});
  Reader reader(findings);
  const Impairment impairment = read_impairment(reader, {tree.root.get(), tree.mark, {}, {}, {}});
  if (findings.any_error()) return first_error(std::move(findings).sorted());
  if (const auto problem = problem_of(impairment)) {
    return Error{.code = Errc::kInvalid,
                 .message = fmt::format("{}: {}", problem->property, problem->message)};
  }
  return impairment;
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
