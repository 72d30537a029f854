// SPDX-License-Identifier: MIT
#include "lab/edit.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "lab/document.hpp"
#include "lab/read/json_tree.hpp"
#include "lab/read/resources.hpp"
#include "lab/schema/schema.hpp"

namespace egress::lab {
namespace {

using Pointer = Document::json_pointer;

Loaded refusal(const std::string& path, std::string code, std::string message) {
  return {.findings = {{.path = path, .code = std::move(code), .message = std::move(message)}}};
}

// Follows a key path through a document. The format's description tells properties, which hold no
// dot, from names, which may.
class KeyPath {
 public:
  KeyPath(const Document& document, std::string_view rest) : node_(&document), rest_(rest) {}

  Pointer resolve() && {
    while (!rest_.empty()) step();
    return pointer_;
  }

 private:
  void step() {
    if (rest_.front() == '.') rest_.remove_prefix(1);
    const bool index = rest_.starts_with('[');
    const bool name = !index && object_ == nullptr;
    const std::string key(name ? name_ahead()
                               : rest_.substr(index, rest_.find_first_of(".[]", index) - index));
    rest_.remove_prefix(std::min(rest_.size(), key.size() + (index ? 2 : 0)));
    pointer_ /= key;
    node_ = node_ != nullptr && node_->contains(Pointer() / key) ? &node_->at(Pointer() / key)
                                                                 : nullptr;
    if (object_ != nullptr) property_ = object_->find(key);
    const bool opens = property_ != nullptr && property_->form == Form::kObject;
    const bool inside = object_ == nullptr || (opens && property_->many == Many::kOne);
    object_ = opens && inside ? &schema_of(property_->object) : nullptr;
  }

  // The longest name that stands here and heads the rest; a new one is all of the rest.
  std::string name_ahead() const {
    std::string longest;
    if (node_ == nullptr || !node_->is_object()) return std::string(rest_);
    for (const auto& [name, value] : node_->items()) {
      if (!equal_ignoring_case(rest_.substr(0, name.size()), name)) continue;
      const std::string_view behind = rest_.substr(name.size());
      const bool ends = behind.empty() || behind.front() == '.' || behind.front() == '[';
      if (ends && name.size() > longest.size()) longest = name;
    }
    return longest.empty() ? std::string(rest_) : longest;
  }

  const Document* node_;
  std::string_view rest_;
  const ObjectSchema* object_ = &schema_of(ObjectType::kLab);  // null: in a map or a list
  const Property* property_ = nullptr;                         // through which the path went last
  Pointer pointer_{};
};

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

Loaded edit(const Lab& lab, const Edit& change, const ReadFile& read_file) {
  const YamlTree value = parse_yaml(change.verb == Edit::Verb::kDelete ? "" : change.value);
  if (value.problem) return refusal(change.path, value.problem->code, value.problem->message);
  Document document = document_of(lab);
  try {
    apply(document, KeyPath(document, change.path).resolve(), change.verb, json_of(*value.root));
  } catch (const Document::exception&) {
    return refusal(change.path, "not-found",
                   fmt::format("nothing stands at '{}'", shown(change.path)));
  }
  return read_lab(tree_of(document), {}, read_file, &lab);
}

}  // namespace egress::lab
