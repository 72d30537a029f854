// SPDX-License-Identifier: MIT
#pragma once

// What is said to people of a lookup.

#include <string>

#include "policy/resolve_name.hpp"

namespace egress::policy {

// One sentence: "sql.example.com is sql.example.net (public), 10.1.3.4 (zone example.net, linked to
// hub)."
std::string sentence(const std::string& name, RecordType type, const NameAnswer& answer);

// What the name means, "10.1.3.4, 10.1.3.5", or why it means nothing: "NXDOMAIN", "no A record",
// "SERVFAIL", "time-out".
std::string outcome_text(const Resolution& resolution);

}  // namespace egress::policy
