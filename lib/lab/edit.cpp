// SPDX-License-Identifier: MIT
#include "lab/edit.hpp"

#include <fmt/format.h>

#include "lab/document.hpp"
#include "lab/key_path.hpp"
#include "lab/read/json_tree.hpp"
#include "lab/read/resources.hpp"

namespace egress::lab {
namespace {

using Pointer = Document::json_pointer;

Loaded refusal(const std::string& path, std::string code, std::string message) {
  return {.findings = {{.path = path, .code = std::move(code), .message = std::move(message)}}};
}

// What holds the value at `at`; an object that is not there yet is made, but no line of a list.
Document& parent_of(Document& document, const Pointer& at) {
  const Pointer up = at.parent_pointer();
  return document.contains(up) ? document.at(up) : document.at(up.parent_pointer())[up.back()];
}

void put(Document& document, const Pointer& at, const Document& value) {
  if (at.empty()) {
    document = value;
    return;
  }
  Document& parent = parent_of(document, at);
  if (parent.is_array() && at.back() == std::to_string(parent.size())) {
    parent.push_back(value);
  } else if (parent.is_array()) {
    document.at(at) = value;
  } else {
    parent[at.back()] = value;
  }
}

void remove(Document& document, const Pointer& at) {
  static_cast<void>(document.at(at));
  Document& parent = document.at(at.parent_pointer());
  if (parent.is_array()) {
    parent.erase(std::stoul(at.back()));
  } else {
    parent.erase(at.back());
  }
}

void apply(Document& document, const Pointer& at, Edit::Verb verb, const Document& value) {
  switch (verb) {
    case Edit::Verb::kPut: return put(document, at, value);
    case Edit::Verb::kPatch: return document.at(at).merge_patch(value);
    case Edit::Verb::kDelete: return remove(document, at);
  }
}

}  // namespace

Loaded edit(const Lab& lab, const std::vector<Edit>& changes, const ReadFile& read_file) {
  Document document = document_of(lab);
  for (const Edit& change : changes) {
    const YamlTree value = parse_yaml(change.verb == Edit::Verb::kDelete ? "" : change.value);
    if (value.problem) return refusal(change.path, value.problem->code, value.problem->message);
    try {
      apply(document, place_at(document, change.path).at, change.verb, json_of(*value.root));
    } catch (const Document::exception&) {
      return refusal(change.path, "not-found",
                     fmt::format("nothing stands at '{}'", shown(change.path)));
    }
  }
  return read_lab(tree_of(document), {}, read_file, &lab);
}

}  // namespace egress::lab
