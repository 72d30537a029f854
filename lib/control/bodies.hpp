// SPDX-License-Identifier: MIT
#pragma once

// What stands in the body of a request, which is untrusted. Errors are kInvalid and name the key.

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>

#include "base/result.hpp"

namespace egress::control {

Error wrong(const std::string& what);
Result<nlohmann::json> parse_object(const std::string& body);
Result<std::string> text_of(const nlohmann::json& object, const char* key);
// From 0 to `most`; `otherwise` when it is missing.
Result<int64_t> integer_of(const nlohmann::json& object, const char* key, int64_t otherwise,
                           int64_t most);
// False when it is missing.
Result<bool> flag_of(const nlohmann::json& object, const char* key);

}  // namespace egress::control
