// SPDX-License-Identifier: MIT
#include "egressctl/answer.hpp"

#include <utility>

namespace egress::ctl {

namespace {

std::string as_text(const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  return value.is_primitive() && !value.is_null() ? value.dump() : std::string();
}

}  // namespace

const Json& member(const Json& object, const char* key) {
  static const Json kNull;
  if (!object.is_object()) return kNull;
  const auto found = object.find(key);
  return found == object.end() ? kNull : *found;
}

std::string text_of(const Json& object, const char* key) {
  return as_text(member(object, key));
}

bool flag_of(const Json& object, const char* key) {
  const Json& value = member(object, key);
  return value.is_boolean() && value.get<bool>();
}

double number_of(const Json& object, const char* key) {
  const Json& value = member(object, key);
  return value.is_number() ? value.get<double>() : 0;
}

const Json& list_of(const Json& object, const char* key) {
  static const Json kEmpty = Json::array();
  const Json& value = member(object, key);
  return value.is_array() ? value : kEmpty;
}

std::vector<std::string> texts_of(const Json& object, const char* key) {
  std::vector<std::string> texts;
  for (const Json& value : list_of(object, key)) texts.push_back(as_text(value));
  return texts;
}

Failure failure_of(const Error& error, std::string hint) {
  return {.code = errc_name(error.code), .message = error.to_string(), .hint = std::move(hint)};
}

Json to_json(const Failure& failure) {
  Json error = {{"code", failure.code}, {"message", failure.message}};
  if (!failure.hint.empty()) error["hint"] = failure.hint;
  if (!failure.findings.empty()) error["findings"] = failure.findings;
  return {{"error", error}};
}

}  // namespace egress::ctl
