// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <algorithm>
#include <sstream>

#include "lab/format/format.hpp"
#include "lab/schema/schema.hpp"
#include "lab/suggest.hpp"

namespace egress::lab {
namespace {

// scdoc takes these for marks.
std::string plain(const std::string& text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '*' || c == '_' || c == '\\') escaped += '\\';
    escaped += c;
  }
  return escaped;
}

std::string entry_of(const Property& property) {
  std::string text = property.description;
  if (!property.words.empty()) text += fmt::format(" Values: {}.", one_of(property.words));
  if (property.form == Form::kInteger) {
    text += fmt::format(" From {} to {}.", property.minimum, property.maximum);
  } else if (property.maximum > 0 && property.many == Many::kList) {
    text += fmt::format(" {} at most.", property.maximum);
  } else if (property.maximum > 0) {
    text += fmt::format(" {} characters at most.", property.maximum);
  }
  if (property.many == Many::kMap && property.names.max_length > 0) {
    text += fmt::format(" Names: 1 to {} {}.", property.names.max_length, property.names.words);
  }
  if (property.many == Many::kOneOrList) text += " One, or a list.";
  if (property.required) text += " Required.";
  if (!property.default_value.empty()) text += fmt::format(" Default: {}.", property.default_value);
  return fmt::format("*{}*\n\t{}\n", property.name, plain(text));
}

std::string table_of(const ObjectSchema& schema) {
  std::string table;
  for (const Property& property : schema.properties) {
    table += (table.empty() ? "" : "\n") + entry_of(property);
  }
  return table;
}

}  // namespace

std::string with_tables(const std::string& page) {
  std::istringstream lines(page);
  std::string text;
  for (std::string line; std::getline(lines, line);) {
    const auto& all = object_schemas();
    const auto found = std::find_if(all.begin(), all.end(), [&](const ObjectSchema& schema) {
      return line == "@" + schema.name + "@";
    });
    text += found == all.end() ? line + "\n" : table_of(*found);
  }
  return text;
}

}  // namespace egress::lab
