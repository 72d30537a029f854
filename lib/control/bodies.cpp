// SPDX-License-Identifier: MIT
#include "control/bodies.hpp"

#include <fmt/format.h>

#include "control/untrusted_json.hpp"

namespace egress::control {

Error wrong(const std::string& what) {
  return {.code = Errc::kInvalid, .message = what};
}

Result<nlohmann::json> parse_object(const std::string& body) {
  ASSIGN_OR_RETURN(nlohmann::json json, parse_untrusted(body));
  if (!json.is_object()) return wrong("the request body is not a JSON object");
  return json;
}

Result<std::string> text_of(const nlohmann::json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end() || !found->is_string()) {
    return wrong(fmt::format("the request needs the text \"{}\"", key));
  }
  return found->get<std::string>();
}

Result<int64_t> integer_of(const nlohmann::json& object, const char* key, int64_t otherwise,
                           int64_t most) {
  const auto found = object.find(key);
  if (found == object.end()) return otherwise;
  if (!found->is_number_integer() || found->get<int64_t>() < 0 || found->get<int64_t>() > most) {
    return wrong(fmt::format("\"{}\" must be a number from 0 to {}", key, most));
  }
  return found->get<int64_t>();
}

Result<bool> flag_of(const nlohmann::json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end()) return false;
  if (!found->is_boolean()) return wrong(fmt::format("\"{}\" must be true or false", key));
  return found->get<bool>();
}

}  // namespace egress::control
