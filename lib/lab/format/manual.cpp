// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <algorithm>
#include <sstream>

#include "lab/format/format.hpp"
#include "lab/schema/known_settings.hpp"
#include "lab/schema/schema.hpp"
#include "lab/schema/tolerated.hpp"
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

std::string listed(const ObjectSchema& schema, Tolerance tolerance) {
  std::string text;
  for (const Tolerated& property : tolerated_properties(schema.type)) {
    if (property.tolerance != tolerance) continue;
    text += (text.empty() ? "" : ", ") + property.name;
    if (!property.defaults.empty()) text += fmt::format(" ({})", one_of(property.defaults));
  }
  return text;
}

// Of each object, what Azure has there and this does not do.
std::string not_emulated() {
  std::string table;
  for (const ObjectSchema& schema : object_schemas()) {
    if (tolerated_properties(schema.type).empty()) continue;
    std::string text;
    const auto add = [&](const char* what, const std::string& names) {
      if (!names.empty()) text += fmt::format("{}{}: {}.", text.empty() ? "" : " ", what, names);
    };
    add("Warned about", listed(schema, Tolerance::kAtDefaults));
    add("Where it differs", listed(schema, Tolerance::kName) +
                                (listed(schema, Tolerance::kRegion).empty() ? "" : ", location"));
    add("In silence", listed(schema, Tolerance::kNoNetwork));
    add("Told by Azure", listed(schema, Tolerance::kReadOnly));
    table += fmt::format("{}*{}*\n\t{}\n", table.empty() ? "" : "\n", schema.name, plain(text));
  }
  return table;
}

std::string app_settings() {
  std::string table;
  const auto add = [&](const char* what, SettingUse use) {
    std::string names;
    for (const KnownSettingName& known : known_setting_names()) {
      if (known.use == use) names += (names.empty() ? "" : ", ") + known.name;
    }
    table += fmt::format("{}*{}*\n\t{}.\n", table.empty() ? "" : "\n", what, plain(names));
  };
  add("They count", SettingUse::kEmulated);
  add("The platform sets them", SettingUse::kSet);
  add("Not emulated, with a warning", SettingUse::kNotEmulated);
  add("They concern no network", SettingUse::kNoNetwork);
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
    if (line == "@notEmulated@") {
      text += not_emulated();
    } else if (line == "@appSettings@") {
      text += app_settings();
    } else {
      text += found == all.end() ? line + "\n" : table_of(*found);
    }
  }
  return text;
}

}  // namespace egress::lab
