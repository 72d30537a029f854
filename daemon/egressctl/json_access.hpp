// SPDX-License-Identifier: MIT
#pragma once

// Reading documents of a daemon that may be older or newer than this client: what is missing or of
// another type reads as empty, and nothing throws.

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace egress::ctl {

using Json = nlohmann::ordered_json;

const Json& member(const Json& object, const char* key);   // null when there is none
std::string text_of(const Json& object, const char* key);  // numbers in decimal
bool flag_of(const Json& object, const char* key);
double number_of(const Json& object, const char* key);
const Json& list_of(const Json& object, const char* key);  // an array
std::vector<std::string> texts_of(const Json& object, const char* key);

}  // namespace egress::ctl
