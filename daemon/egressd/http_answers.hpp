// SPDX-License-Identifier: MIT
#pragma once

// How values and refusals look as HTTP.

#include <string>
#include <variant>

#include "control/json.hpp"
#include "egressd/answers.hpp"
#include "egressd/http_server.hpp"

namespace egress::daemon {

// For what fails before a request is understood, 404, 405, 413, 503, or in the middle of it, 500.
HttpResponse refusal(unsigned status, const std::string& why);
HttpResponse refusal_of(const Error& error);
HttpResponse refusal_of(const session::Refusal& refused);
HttpResponse document(const control::Json& json);

template <typename T>
HttpResponse answer_of(const Result<T>& result) {
  return result.ok() ? document(control::to_json(*result)) : refusal_of(result.error());
}

inline constexpr auto kToJson = [](const auto& value) { return control::to_json(value); };

// For what is answered later.
template <typename T, typename ToJson = decltype(kToJson)>
Then<T> answering(const Respond& respond, ToJson json = kToJson) {
  return [respond, json](const OrRefusal<T>& answer) {
    const auto* refused = std::get_if<session::Refusal>(&answer);
    respond(refused != nullptr ? refusal_of(*refused) : document(json(std::get<T>(answer))));
  };
}

}  // namespace egress::daemon
