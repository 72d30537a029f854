// SPDX-License-Identifier: MIT

// Objects: which keys they have, and what becomes of the others.

#include <fmt/ranges.h>

#include <algorithm>

#include "lab/read/arm_shapes.hpp"
#include "lab/read/json_tree.hpp"
#include "lab/read/yaml_reader.hpp"
#include "lab/read/yaml_slips.hpp"

namespace egress::lab {
namespace {

std::string path_in(const std::string& parent, const std::string& key) {
  return parent.empty() ? key : parent + "." + key;
}

bool says_nothing(const YamlNode& node, const Tolerated& property) {
  const auto is_default = [&](const std::string& usual) {
    return equal_ignoring_case(node.text, usual);
  };
  switch (node.kind) {
    case YamlKind::kNull: return true;
    case YamlKind::kScalar:
      return node.text.empty() ||
             std::any_of(property.defaults.begin(), property.defaults.end(), is_default);
    case YamlKind::kSequence:
    case YamlKind::kMap:
      return std::all_of(node.items.begin(), node.items.end(),
                         [&](const YamlItem& item) { return says_nothing(*item.node, property); });
  }
  return false;
}

// How a map that is there for its anchors, and is none of the lab's, would be called.
std::optional<std::string> block_of_anchors(ObjectType type, const Value& object,
                                            const Value& entry) {
  if (type == ObjectType::kLab && entry.node->anchored) {
    return shown(kExtensionPrefix + entry.key);
  }
  const bool inside = object.key.starts_with(kExtensionPrefix);
  return inside ? std::optional(shown(object.key)) : std::nullopt;
}

}  // namespace

bool Reader::says_nothing_new(const Value& value, const Tolerated& property,
                              const std::string& owner) const {
  const std::string text = value.is_scalar() ? lower_case(value.node->text) : std::string();
  switch (property.tolerance) {
    case Tolerance::kReadOnly:
    case Tolerance::kNoNetwork: return true;
    case Tolerance::kRegion: {
      std::string region = text;
      std::erase(region, ' ');
      return region == location_ || region == "global" || says_nothing(*value.node, property);
    }
    // A child's may begin with its parents'.
    case Tolerance::kName:
      return equal_ignoring_case(text.substr(text.rfind('/') + 1), owner) ||
             says_nothing(*value.node, property);
    case Tolerance::kAtDefaults: return says_nothing(*value.node, property);
  }
  return true;
}

void Reader::tolerate(const Value& value, const Tolerated& property, const std::string& owner) {
  if (says_nothing_new(value, property, owner)) return;
  std::string json = json_of(*value.node).dump(-1, ' ', false, Document::error_handler_t::replace);
  const std::string& text = value.is_scalar() ? value.node->text : json;
  findings_.add(value.key_mark,
                {.severity = Severity::kWarning,
                 .path = value.path,
                 .code = "not-emulated",
                 .message = fmt::format("'{}: {}' is not emulated", property.name, shown(text))});
  not_emulated_.emplace(value.path, std::move(json));
}

std::vector<NotEmulated> Reader::not_emulated() const {
  std::vector<NotEmulated> all;
  for (const auto& [path, value] : not_emulated_) all.push_back({path, value});
  return all;
}

ObjectReader::ObjectReader(Reader& reader, const Value& value, ObjectType type)
    : reader_(reader), value_(value), schema_(schema_of(type)) {
  for (const Value& entry : reader_.entries(value_)) {
    if (type == ObjectType::kLab && entry.key.starts_with(kExtensionPrefix)) continue;
    if (schema_.find(entry.key) != nullptr) {
      members_.emplace(entry.key, entry);
      continue;
    }
    if (refuse_shape(entry)) continue;
    if (const Tolerated* tolerated = find_tolerated(schema_.type, entry.key)) {
      if (!has_no_effect(*tolerated)) reader_.tolerate(entry, *tolerated, value_.key);
    } else {
      refuse_key(entry);
    }
  }
  if (!value_.is_null() && value_.node->kind != YamlKind::kMap) return;
  for (const Property& key : schema_.properties) {
    const auto found = members_.find(key.name);
    if (key.required && (found == members_.end() || found->second.is_null())) {
      miss({key.name}, fmt::format("'{}' is missing", key.name));
    }
  }
}

// What ARM writes in another shape.
bool ObjectReader::refuse_shape(const Value& entry) {
  auto shape = arm_key(schema_.type, value_, entry);
  if (!shape) return false;
  reader_.fail_at_key(entry, "arm-shape", std::move(shape->message), std::move(shape->hint));
  for (const std::string& meant : shape->means) {
    reader_.findings().distrust(meant.empty() ? value_.path : path_in(value_.path, meant));
  }
  return true;
}

bool ObjectReader::has_no_effect(const Tolerated& property) const {
  if (property.unless.empty() || value_.node->kind != YamlKind::kMap) return false;
  const auto& items = value_.node->items;
  return std::any_of(items.begin(), items.end(), [&](const YamlItem& item) {
    return item.key == property.unless && !item.node->items.empty();
  });
}

void ObjectReader::refuse_key(const Value& entry) {
  const auto& reserved = reserved_keys();
  if (schema_.type == ObjectType::kLab &&
      std::find(reserved.begin(), reserved.end(), entry.key) != reserved.end()) {
    if (entry.node->kind != YamlKind::kScalar && entry.node->items.empty()) return;
    reader_.fail_at_key(entry, "not-emulated", fmt::format("'{}' is not emulated", entry.key));
    return;
  }
  if (reader_.findings().full()) return reader_.fail_at_key(entry, "unknown-key", {});
  const auto names = schema_.property_names();
  const std::string known = names.empty() ? "no keys are known here"
                                          : fmt::format("known keys: {}", fmt::join(names, ", "));
  if (const auto anchors = block_of_anchors(schema_.type, value_, entry)) {
    reader_.fail_at_key(
        entry, "unknown-key", fmt::format("unknown key '{}'", shown(entry.key)),
        fmt::format("a block for anchors alone stands at the top, as '{}'", *anchors));
  } else if (auto slip = slip_in_value(entry.key)) {
    reader_.fail_at_key(entry, "unknown-key", std::move(slip->message), std::move(slip->hint));
  } else {
    reader_.fail_at_key(entry, "unknown-key", fmt::format("unknown key '{}'", shown(entry.key)),
                        suggestion(entry.key, names, known));
  }
  const auto meant = nearest(entry.key, names);
  if (!meant && schema_.type == ObjectType::kLab) reader_.findings().distrust(kUnknownSection);
  if (meant) reader_.findings().distrust(path_in(value_.path, *meant));
}

ObjectReader::~ObjectReader() {
  for (const Property& key : schema_.properties) {
    EG_CHECK(asked_.contains(key.name), "the loader reads every key that the schema has");
  }
}

std::optional<Value> ObjectReader::at(const std::string& key) {
  EG_CHECK(schema_.find(key) != nullptr, "the loader asks only for keys of the schema");
  asked_.insert(key);
  const auto found = members_.find(key);
  if (found == members_.end() || found->second.is_null()) return std::nullopt;
  return found->second;
}

std::optional<int> ObjectReader::integer_at(const std::string& key) {
  const auto value = at(key);
  const auto number = value ? reader_.integer(*value) : std::nullopt;
  const Property& property = *schema_.find(key);
  if (!number || (*number >= property.minimum && *number <= property.maximum)) return number;
  reader_.fail(
      *value, "range",
      fmt::format("{} {} is not from {} to {}", key, *number, property.minimum, property.maximum));
  return std::nullopt;
}

std::vector<Value> ObjectReader::items(const std::string& key) {
  const auto value = at(key);
  if (!value) return {};
  const bool alone =
      schema_.find(key)->many == Many::kOneOrList && value->node->kind != YamlKind::kSequence;
  return alone ? std::vector<Value>{*value} : reader_.items(*value);
}

void ObjectReader::exclude(const std::string& earlier, const std::string& later) {
  const auto refused = at(later);
  const auto first = at(earlier);
  // Exports have a list without values beside a value alone (azure-facts 13.8).
  if (!first || !refused || refused->is_empty_list() || first->is_empty_list()) return;
  reader_.fail_at_key(*refused, "exclusive-keys",
                      fmt::format("'{}' and '{}' exclude each other", earlier, later));
}

void ObjectReader::miss(const std::vector<std::string>& keys, std::string message,
                        std::string hint) {
  // A misspelt key has its own finding, with what was meant.
  const bool meant = std::any_of(keys.begin(), keys.end(), [&](const std::string& key) {
    return !reader_.findings().trusts(path_in(value_.path, key));
  });
  if (!meant) {
    reader_.findings().add(value_.key_mark, {.path = value_.path,
                                             .code = "missing-key",
                                             .message = std::move(message),
                                             .hint = std::move(hint)});
  }
  for (const std::string& key : keys) reader_.findings().distrust(path_in(value_.path, key));
}

}  // namespace egress::lab
