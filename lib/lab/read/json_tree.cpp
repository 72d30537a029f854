// SPDX-License-Identifier: MIT
#include "lab/read/json_tree.hpp"

namespace egress::lab {
namespace {

YamlNodePtr node_of(const Document& json) {
  auto node = std::make_shared<YamlNode>();
  if (json.is_object()) {
    node->kind = YamlKind::kMap;
    for (const auto& [key, value] : json.items())
      node->items.push_back({key, {}, node_of(value), {}});
  } else if (json.is_array()) {
    node->kind = YamlKind::kSequence;
    for (const Document& value : json) node->items.push_back({{}, {}, node_of(value), {}});
  } else if (!json.is_null()) {
    node->kind = YamlKind::kScalar;
    node->quoted = json.is_string();
    node->text = json.is_string() ? json.get<std::string>() : json.dump();
  }
  return node;
}

Document json_of_plain(const std::string& text) {
  if (text == "true" || text == "True" || text == "TRUE") return true;
  if (text == "false" || text == "False" || text == "FALSE") return false;
  const Document number = Document::parse(text, nullptr, false);
  return number.is_number() && number.dump() == text ? number : Document(text);
}

}  // namespace

YamlTree tree_of(const Document& document) {
  return {.root = node_of(document)};
}

Document json_of(const YamlNode& node) {
  if (node.kind == YamlKind::kNull) return nullptr;
  if (node.kind == YamlKind::kScalar) {
    return node.quoted ? Document(node.text) : json_of_plain(node.text);
  }
  Document json = node.kind == YamlKind::kMap ? Document::object() : Document::array();
  for (const YamlItem& item : node.items) {
    if (node.kind == YamlKind::kMap) {
      json.get_ref<Document::object_t&>().emplace_back(item.key, json_of(*item.node));
    } else {
      json.push_back(json_of(*item.node));
    }
  }
  return json;
}

}  // namespace egress::lab
