// SPDX-License-Identifier: MIT
#include "egressd/http_answers.hpp"

#include <nlohmann/json.hpp>

namespace egress::daemon {
namespace {

unsigned status_of(Errc code) {
  switch (code) {
    case Errc::kInvalid: return MHD_HTTP_BAD_REQUEST;
    case Errc::kNotFound: return MHD_HTTP_NOT_FOUND;
    case Errc::kExists:
    case Errc::kBusy:
    case Errc::kUnsupported:
    case Errc::kConflict: return MHD_HTTP_CONFLICT;
    default: return MHD_HTTP_INTERNAL_SERVER_ERROR;
  }
}

Errc code_of(unsigned status) {
  switch (status) {
    case MHD_HTTP_NOT_FOUND: return Errc::kNotFound;
    case MHD_HTTP_SERVICE_UNAVAILABLE: return Errc::kBusy;
    case MHD_HTTP_INTERNAL_SERVER_ERROR: return Errc::kKernel;
    default: return Errc::kInvalid;
  }
}

}  // namespace

HttpResponse document(const control::Json& json) {
  return {.status = MHD_HTTP_OK, .body = control::dump(json)};
}

HttpResponse refusal_of(const Error& error) {
  return {.status = status_of(error.code), .body = control::dump(control::error_json(error))};
}

HttpResponse refusal_of(const session::Refusal& refused) {
  const auto& error = refused.error;
  const auto& findings = refused.findings;
  return {
      .status = status_of(error.code),
      .body = control::dump(refused.code.empty()
                                ? control::error_json(error, findings)
                                : control::error_json(refused.code, error.to_string(), findings))};
}

HttpResponse refusal(unsigned status, const std::string& why) {
  return {.status = status,
          .body = control::dump(control::error_json({.code = code_of(status), .message = why}))};
}

}  // namespace egress::daemon
