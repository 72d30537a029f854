// SPDX-License-Identifier: MIT
#include "lab/yaml_text.hpp"

#include <yaml-cpp/yaml.h>

namespace egress::lab {
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

void emit(YAML::Emitter& out, const Document& value) {
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
    for (const Document& each : value) emit(out, each);
    out << YAML::EndSeq;
  } else if (value.is_string()) {
    emit_text(out, value.get<std::string>());
  } else if (value.is_null()) {
    out << YAML::Null;
  } else {
    out << value.dump();  // numbers and truths look alike in both
  }
}

}  // namespace

std::string yaml_text(const Document& document) {
  YAML::Emitter out;
  out.SetNullFormat(YAML::LowerNull);
  emit(out, document);
  return std::string(out.c_str()) + "\n";
}

}  // namespace egress::lab
