// SPDX-License-Identifier: MIT
#include "lab/read/find_place.hpp"

#include <string_view>

#include "base/number.hpp"
#include "lab/suggest.hpp"

namespace egress::lab {
namespace {

// The entry of `map` that `path` goes through, and how much of `path` it takes.
struct Step {
  const YamlItem* item = nullptr;
  size_t length = 0;
  bool singular = false;
};

bool is_boundary(const std::string& path, size_t at) {
  return at == path.size() || path[at] == '.' || path[at] == '[';
}

Step step_in_map(const YamlNode& map, const std::string& path, size_t at) {
  Step best;
  for (const YamlItem& entry : map.items) {
    const std::string& key = entry.key;
    // The path has a name's declared spelling, which may not be the one that stands here.
    const std::string_view here = std::string_view(path).substr(at, key.size());
    if (key.empty() || !equal_ignoring_case(here, key)) continue;
    const size_t end = at + key.size();
    if (is_boundary(path, end)) {
      const bool better = key.size() > best.length || (key.size() == best.length && here == key);
      if (better || best.singular) best = {&entry, key.size(), false};
      continue;
    }
    for (const char* plural : {"es[0]", "s[0]"}) {
      const std::string ending = plural;
      if (best.item == nullptr && path.compare(end, std::string::npos, ending) == 0) {
        best = {&entry, key.size() + ending.size(), true};
      }
    }
  }
  return best;
}

Step step_in_list(const YamlNode& list, const std::string& path, size_t at) {
  if (path[at] != '[') return {};
  const size_t close = path.find(']', at);
  const auto index = parse_number<size_t>(path.substr(at + 1, close - at - 1));
  if (!index || close == std::string::npos || *index >= list.items.size()) return {};
  return {&list.items[*index], close + 1 - at, false};
}

Step step_in(const YamlNode& node, const std::string& path, size_t at) {
  if (node.kind == YamlKind::kMap) return step_in_map(node, path, at);
  return node.kind == YamlKind::kSequence ? step_in_list(node, path, at) : Step{};
}

// What a rule says of a site may stand in the site's siteConfig: then `path` leads there.
Step step_in_site_config(const YamlNode& site, std::string& path, size_t at) {
  for (const YamlItem& entry : site.items) {
    if (entry.key != "siteConfig" || entry.node->kind != YamlKind::kMap) continue;
    if (step_in_map(*entry.node, path, at).item == nullptr) return {};
    path.insert(at, entry.key + ".");
    return {&entry, entry.key.size(), false};
  }
  return {};
}

}  // namespace

Mark find_place(const YamlTree& tree, std::string& path) {
  const YamlNode* node = tree.root.get();
  Mark mark = tree.mark;
  size_t at = 0;
  for (int depth = 0; node != nullptr && at < path.size(); ++depth) {
    if (path[at] == '.') ++at;
    Step step = step_in(*node, path, at);
    // In a site, or in a slot of one.
    if (step.item == nullptr && (depth == 2 || depth == 4) && path.starts_with("sites.")) {
      step = step_in_site_config(*node, path, at);
    }
    if (step.item == nullptr) break;
    const bool key = step.item->key_mark.line > 0 && step.item->node->kind != YamlKind::kScalar;
    mark = key ? step.item->key_mark : step.item->mark;
    if (step.singular) path.replace(at, step.length, step.item->key);
    at += step.singular ? step.item->key.size() : step.length;
    node = step.item->node.get();
  }
  return mark;
}

}  // namespace egress::lab
