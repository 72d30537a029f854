// SPDX-License-Identifier: MIT
#pragma once

// What documents of the control interface are about.

#include <string>

#include "egressctl/answer.hpp"

namespace egress::ctl {

// The names of what the document lists, a line each, as other commands take them: "web/0" of a
// status, addresses of leases. Nothing of one that lists nothing.
std::string names_in(const Json& document);

}  // namespace egress::ctl
