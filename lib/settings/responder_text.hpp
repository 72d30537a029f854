// SPDX-License-Identifier: MIT
#pragma once

// What egress-host is to answer on in one namespace, as the text that it is given. Equal values
// have equal texts.

#include <set>
#include <string>

#include "base/protocol.hpp"
#include "base/result.hpp"

namespace egress::settings {

struct Responder {
  std::string host{};       // the name in its answers
  std::set<Port> listen{};  // on all addresses of the namespace
  bool operator==(const Responder&) const = default;
};

std::string to_text(const Responder& responder);
// kInvalid says what is wrong with the text.
Result<Responder> parse_responder(const std::string& text);

}  // namespace egress::settings
