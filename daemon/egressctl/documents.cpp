// SPDX-License-Identifier: MIT
#include "egressctl/documents.hpp"

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

namespace egress::ctl {
namespace {

// What would read back as a number, a truth or nothing is quoted, as is what needs it anyway.
void emit_text(YAML::Emitter& out, const std::string& text) {
  YAML::Node plain(text);
  bool truth = false;
  double number = 0;
  const bool ambiguous = text.empty() || text == "~" || text == "null" || text == "Null" ||
                         text == "NULL" || YAML::convert<bool>::decode(plain, truth) ||
                         YAML::convert<double>::decode(plain, number);
  if (ambiguous) out << YAML::DoubleQuoted;
  out << text;
}

void emit(YAML::Emitter& out, const Json& value) {
  if (value.is_object()) {
    out << YAML::BeginMap;
    for (const auto& [key, each] : value.items()) {
      out << YAML::Key;
      emit_text(out, key);
      out << YAML::Value;
      emit(out, each);
    }
    out << YAML::EndMap;
  } else if (value.is_array()) {
    if (value.empty()) out << YAML::Flow;
    out << YAML::BeginSeq;
    for (const Json& each : value) emit(out, each);
    out << YAML::EndSeq;
  } else if (value.is_string()) {
    emit_text(out, value.get<std::string>());
  } else if (value.is_null()) {
    out << YAML::Null;
  } else {
    out << value.dump();  // numbers and truths look alike in both
  }
}

std::string with_instance(const Json& app) {
  return fmt::format("{}/{}", text_of(app, "site"), text_of(app, "instance"));
}

struct Listing {
  const char* list;
  const char* name;  // of each of its rows; null: the app's
};
constexpr Listing kListings[] = {
    {"apps", nullptr}, {"leases", "address"}, {"routes", "name"},      {"rules", "name"},
    {"nodes", "name"}, {"wires", "wire"},     {"dependencies", "url"}, {"resources", "name"},
};

}  // namespace

std::string yaml_of(const Json& document) {
  YAML::Emitter out;
  out.SetNullFormat(YAML::LowerNull);
  emit(out, document);
  return std::string(out.c_str()) + "\n";
}

std::string names_in(const Json& document) {
  std::string lines;
  for (const Listing& each : kListings) {
    const Json& rows = list_of(document, each.list);
    for (const Json& row : rows) {
      const std::string name = each.name == nullptr ? with_instance(row) : text_of(row, each.name);
      if (!name.empty()) lines += name + "\n";
    }
    if (!member(document, each.list).is_null()) return lines;
  }
  return lines;
}

}  // namespace egress::ctl
