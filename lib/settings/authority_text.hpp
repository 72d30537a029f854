// SPDX-License-Identifier: MIT
#pragma once

// The authority of the lab, as the text that egress-host is given. It holds a secret: it is given
// to programs and kept in memory, and no file but the store has it.

#include <string>

#include "base/result.hpp"
#include "tls/authority.hpp"

namespace egress::settings {

inline constexpr const char* kAuthorityAttachment = "authority";

std::string to_text(const tls::Authority& authority);
// kInvalid says what is wrong with the text.
Result<tls::Authority> parse_authority(const std::string& text);

}  // namespace egress::settings
