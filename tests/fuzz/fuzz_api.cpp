// SPDX-License-Identifier: MIT

// libFuzzer's target over what clients send: bodies, and parameters of an address. The first byte
// of an input chooses the request; of parameters each line is one, "name=value". Sanitizers,
// EG_CHECK, libFuzzer's limits of time and memory and the promises below decide whether an input is
// a finding.

#include <algorithm>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>

#include "base/result.hpp"
#include "control/json.hpp"
#include "control/messages.hpp"
#include "control/untrusted_json.hpp"

namespace egress::control {
namespace {

// A body may be refused with a text of its own length.
constexpr size_t kLongestRefusal = 8192;

void check(const Error& error, size_t size) {
  EG_CHECK(!error.message.empty(), "a refusal says why");
  EG_CHECK(error.to_string().size() <= 4 * size + kLongestRefusal, "a refusal is bounded");
}

// What is sent reads back as the same, by what is sent for it.
template <typename Parse>
void try_body(const Parse& parse, const std::string& body) {
  const auto request = parse(body);
  if (!request.ok()) return check(request.error(), body.size());
  const std::string sent = to_json(*request).dump();
  const auto again = parse(sent);
  EG_CHECK(again.ok() && to_json(*again).dump() == sent, "a request that is sent reads back");
}

Parameters parameters_of(const std::string& text) {
  Parameters parameters;
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find('\n', at), text.size());
    const std::string line = text.substr(at, end - at);
    const size_t sign = std::min(line.find('='), line.size());
    parameters[line.substr(0, sign)] = line.substr(std::min(sign + 1, line.size()));
    at = end + 1;
  }
  return parameters;
}

template <typename Parse>
void try_parameters(const Parse& parse, const std::string& text) {
  const auto request = parse(parameters_of(text));
  if (!request.ok()) return check(request.error(), text.size());
  const auto again = parse(to_parameters(*request));
  EG_CHECK(again.ok(), "parameters that are sent read back");
}

void try_input(uint8_t which, const std::string& text) {
  switch (which % 13) {
    case 0: return try_body(parse_lab_text, text);
    case 1: return try_body(parse_explain_request, text);
    case 2: return try_body(parse_advance_request, text);
    case 3: return try_body(parse_hold_request, text);
    case 4: return try_body(parse_traffic_request, text);
    case 5: return try_body(parse_impose_request, text);
    case 6: return try_body(parse_step_request, text);
    case 7: return try_body(parse_operation_request, text);
    case 8: return try_parameters(parse_ip_flow_request, text);
    case 9: return try_parameters(parse_next_hop_request, text);
    case 10: return try_parameters(parse_watch_request, text);
    case 11: {
      const auto app = parse_app(parameters_of(text));
      if (!app.ok()) check(app.error(), text.size());
      return;
    }
    default: {
      const auto json = parse_untrusted(text);
      if (!json.ok()) check(json.error(), text.size());
    }
  }
}

}  // namespace
}  // namespace egress::control

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  egress::control::try_input(*data, std::string(reinterpret_cast<const char*>(data) + 1, size - 1));
  return 0;
}
