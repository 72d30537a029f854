// SPDX-License-Identifier: MIT
#include "egressctl/answer.hpp"

#include <utility>

namespace egress::ctl {

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
