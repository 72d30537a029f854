// SPDX-License-Identifier: MIT
#pragma once

// JSON from a client who may mean harm: how deep and how large it is becomes known before anything
// is built from it, so that a body costs time and memory in proportion to its bytes at most.

#include <nlohmann/json.hpp>
#include <string>

#include "base/result.hpp"

namespace egress::control {

// No message nests deeper than two, nor has more parts than a lab names files.
inline constexpr size_t kMaxJsonDepth = 16;
inline constexpr size_t kMaxJsonValues = 100'000;

// Not `Json`: that keeps the order of keys and looks for each among all before it. Of equal keys
// the last one counts. kInvalid says what is wrong, with the byte when it is not JSON.
Result<nlohmann::json> parse_untrusted(const std::string& text);

}  // namespace egress::control
