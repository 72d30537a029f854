// SPDX-License-Identifier: MIT
#pragma once

// Stable identifiers where Azure shows random ones: the resource GUID of a network, the id of an
// instance. Derived from names alone, so that they survive a restart and tests can expect them.

#include <string>
#include <string_view>

namespace egress {

// UUID form (version 8, "custom"), lower case: "0f1e…-…-8…-…-…".
std::string guid_of(std::string_view name);

// 64 hexadecimal digits, the form of WEBSITE_INSTANCE_ID.
std::string instance_id_of(std::string_view name);

}  // namespace egress
