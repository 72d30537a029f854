// SPDX-License-Identifier: MIT
#pragma once

// Answers of the control interface: documents and errors with the HTTP status that fits them.

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "egressd/http_server.hpp"
#include "lab/load.hpp"

namespace egress::daemon {

HttpResponse document(const nlohmann::ordered_json& json);
HttpResponse refusal(const Error& error, const std::vector<lab::Finding>& findings = {});
// For what fails before a request is understood, 404, 405, 413, 503, or in the middle of it, 500.
HttpResponse refusal(unsigned status, const std::string& why);

}  // namespace egress::daemon
