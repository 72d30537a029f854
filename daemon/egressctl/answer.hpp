// SPDX-License-Identifier: MIT
#pragma once

// What comes back from a daemon, or from a lab file analysed without one: a document, or why there
// is none and what the user can do next. The daemon may be older or newer than this client: what is
// missing in a document or of another type reads as empty, and nothing throws.

#include <nlohmann/json.hpp>
#include <string>
#include <variant>
#include <vector>

#include "base/result.hpp"

namespace egress::ctl {

using Json = nlohmann::ordered_json;

const Json& member(const Json& object, const char* key);   // null when there is none
std::string text_of(const Json& object, const char* key);  // numbers in decimal
bool flag_of(const Json& object, const char* key);
double number_of(const Json& object, const char* key);
const Json& list_of(const Json& object, const char* key);  // an array
std::vector<std::string> texts_of(const Json& object, const char* key);

// How far a request came before it failed.
enum class Reach {
  kNowhere,  // no daemon answered
  kDaemon,   // it refused, and nothing changed
  kKernel,   // it had begun to change things
};

struct Failure {
  std::string code{};  // "not-found"
  std::string message{};
  std::string hint{};             // the next command to try, or empty
  Json findings = Json::array();  // of a lab file
  Reach reach = Reach::kNowhere;
};
Failure failure_of(const Error& error, std::string hint = {});
// {"error": {"code", "message", "hint"?, "findings"?}}
Json to_json(const Failure& failure);

using Answer = std::variant<Json, Failure>;

}  // namespace egress::ctl
