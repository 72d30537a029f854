// SPDX-License-Identifier: MIT
#pragma once

// YAML text as a plain tree with places, built from the parser's events: bounded in size and depth
// with every alias and merge ("<<: *NAME") written out, and in time, as parsing ends at the first
// problem, so that no input costs more than limits.hpp allows. What is merged has the place where
// its text stands. Knows nothing of labs. Keys are scalars and may repeat here;
// yaml_reader.hpp refuses that.

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace egress::lab {

struct Mark {
  int line = 0;  // from 1; 0: no place
  int column = 0;
  auto operator<=>(const Mark&) const = default;
};

struct YamlNode;
using YamlNodePtr = std::shared_ptr<const YamlNode>;

// A value at the place where the file uses it: an alias shares its node but has its own place.
struct YamlItem {
  std::string key{};  // of a map's entry
  Mark key_mark{};
  YamlNodePtr node{};
  Mark mark{};
  bool merge = false;  // its key is a plain "<<"
};

enum class YamlKind { kNull, kScalar, kSequence, kMap };

struct YamlNode {
  YamlKind kind = YamlKind::kNull;
  std::string text{};   // of a scalar
  bool quoted = false;  // a quoted scalar is text, whatever it looks like
  bool anchored = false;
  std::vector<YamlItem> items{};
  // Of this subtree, aliases written out.
  size_t nodes = 1;
  size_t text_bytes = 0;
  size_t height = 1;
};

struct YamlProblem {
  Mark mark{};
  std::string code{};
  std::string message{};
  std::string hint{};
};

struct YamlTree {
  YamlNodePtr root{};  // null when there is a problem
  Mark mark{};
  std::optional<YamlProblem> problem{};
};

// One document of UTF-8 text; an empty one has a null root node.
YamlTree parse_yaml(const std::string& text);

}  // namespace egress::lab
