// SPDX-License-Identifier: MIT
#pragma once

// Messages to the daemon, both ways: as a client writes them, and as untrusted text read back.
// kInvalid names the key that is wrong.

#include <string>

#include "control/json.hpp"
#include "lab/load.hpp"

namespace egress::control {

Json to_json(const lab::LabText& lab);
Result<lab::LabText> parse_lab_text(const std::string& body);

Json to_json(const ExplainRequest& request);
Result<ExplainRequest> parse_explain_request(const std::string& body);

}  // namespace egress::control
