// SPDX-License-Identifier: MIT
#pragma once

// Documents of the control interface in other forms than JSON.

#include <string>

#include "egressctl/answer.hpp"

namespace egress::ctl {

// YAML that reads back as the same document.
std::string yaml_of(const Json& document);

// The names of what the document lists, a line each, as other commands take them: "web/0" of a
// status, addresses of leases. Nothing of one that lists nothing.
std::string names_in(const Json& document);

}  // namespace egress::ctl
