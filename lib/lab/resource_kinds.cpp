// SPDX-License-Identifier: MIT
#include "lab/resource_kinds.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "lab/schema/schema.hpp"
#include "lab/suggest.hpp"

namespace egress::lab {
namespace {

struct Kind {
  std::string name{};
  std::vector<std::string> maps{};     // in which it and its parents stand, the lab's own first
  std::vector<std::string> parents{};  // the kinds, itself last
};

void add_kinds(ObjectType type, const Kind& parent, std::vector<Kind>& all) {
  for (const Property& property : schema_of(type).properties) {
    if (property.many != Many::kMap || property.form != Form::kObject) continue;
    Kind kind{schema_of(property.object).name, parent.maps, parent.parents};
    kind.maps.push_back(property.name);
    kind.parents.push_back(kind.name);
    all.push_back(kind);
    add_kinds(property.object, kind, all);
  }
}

const std::vector<Kind>& kinds() {
  static const std::vector<Kind> all = [] {
    std::vector<Kind> found;
    add_kinds(ObjectType::kLab, {}, found);
    return found;
  }();
  return all;
}

}  // namespace

std::vector<std::string> resource_kinds() {
  std::vector<std::string> names;
  for (const Kind& kind : kinds()) names.push_back(kind.name);
  return names;
}

Result<std::string> path_of(const std::string& kind, const std::string& name) {
  const auto found = std::find_if(kinds().begin(), kinds().end(), [&](const Kind& known) {
    return equal_ignoring_case(known.name, kind);
  });
  if (found == kinds().end()) {
    const auto known = resource_kinds();
    const std::string hint =
        suggestion(kind, known, fmt::format("write one of {}", fmt::join(known, ", ")));
    return Error{.code = Errc::kInvalid,
                 .message = fmt::format("unknown kind '{}'; {}", shown(kind), hint)};
  }
  std::string path;
  std::string_view rest = name;
  for (const std::string& map : found->maps) {
    const bool last = &map == &found->maps.back();
    const size_t end = last ? rest.size() : std::min(rest.find('/'), rest.size());
    const std::string_view part = rest.substr(0, end);
    if (part.empty() || (last && part.find('/') != part.npos)) {
      return Error{.code = Errc::kInvalid,
                   .message = fmt::format("'{}' does not name a {}; write {}", shown(name),
                                          found->name, fmt::join(found->parents, "/"))};
    }
    path += fmt::format("{}{}.{}", path.empty() ? "" : ".", map, part);
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return path;
}

}  // namespace egress::lab
