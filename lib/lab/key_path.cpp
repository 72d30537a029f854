// SPDX-License-Identifier: MIT
#include "lab/key_path.hpp"

#include <algorithm>

#include "lab/suggest.hpp"

namespace egress::lab {
namespace {

// Follows a key path through a document. The format's description tells properties, which hold no
// dot, from names, which may.
class KeyPath {
 public:
  KeyPath(const Document& document, std::string_view rest) : rest_(rest) {
    place_.value = &document;
  }

  KeyPlace resolve() && {
    while (!rest_.empty()) step();
    return std::move(place_);
  }

 private:
  void step() {
    if (rest_.front() == '.') rest_.remove_prefix(1);
    const bool index = rest_.starts_with('[');
    const bool name = !index && object_ == nullptr;
    const std::string key(name ? name_ahead()
                               : rest_.substr(index, rest_.find_first_of(".[]", index) - index));
    rest_.remove_prefix(std::min(rest_.size(), key.size() + (index ? 2 : 0)));
    enter(key);
    place_.object = object_;
    if (object_ != nullptr) place_.property = object_->find(key);
    const Property* property = place_.property;
    const bool opens = property != nullptr && property->form == Form::kObject;
    const bool inside = object_ == nullptr || (opens && property->many == Many::kOne);
    object_ = opens && inside ? &schema_of(property->object) : nullptr;
  }

  void enter(const std::string& key) {
    place_.value = place_.value == nullptr ? nullptr : member(*place_.value, key);
    place_.at /= key;
    place_.keys.push_back(key);
  }

  static const Document* member(const Document& node, const std::string& key) {
    try {
      const Document::json_pointer at = Document::json_pointer() / key;
      return node.contains(at) ? &node.at(at) : nullptr;
    } catch (const Document::exception&) {
      return nullptr;  // an index beyond all numbers
    }
  }

  // The longest name that stands here and heads the rest; a new one is all of the rest, and so is
  // that of a text, in which case counts.
  std::string name_ahead() const {
    std::string longest;
    const bool text = place_.property != nullptr && place_.property->form == Form::kText;
    if (text || place_.value == nullptr || !place_.value->is_object()) return std::string(rest_);
    for (const auto& [name, value] : place_.value->items()) {
      if (!equal_ignoring_case(rest_.substr(0, name.size()), name)) continue;
      const std::string_view behind = rest_.substr(name.size());
      const bool ends = behind.empty() || behind.front() == '.' || behind.front() == '[';
      if (ends && name.size() > longest.size()) longest = name;
    }
    return longest.empty() ? std::string(rest_) : longest;
  }

  std::string_view rest_;
  const ObjectSchema* object_ = &schema_of(ObjectType::kLab);  // null: in a map or a list
  KeyPlace place_{};
};

}  // namespace

KeyPlace place_at(const Document& document, std::string_view path) {
  return KeyPath(document, path).resolve();
}

}  // namespace egress::lab
