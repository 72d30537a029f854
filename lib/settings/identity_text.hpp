// SPDX-License-Identifier: MIT
#pragma once

// What egress-identity is to be in one namespace, as the text that it is given. Equal values have
// equal texts.

#include <string>
#include <variant>
#include <vector>

#include "base/ip.hpp"
#include "base/result.hpp"

namespace egress::settings {

inline constexpr const char* kIdentityAttachment = "identity";

// An instance of an app that has an identity.
struct IdentityApp {
  Ipv4Address address{};  // under which it asks
  std::string site{};
  std::string header{};     // the value of IDENTITY_HEADER
  std::string client_id{};  // of the identity
  std::string lane{};       // whence its authority is called; empty: the lab has none, nobody is
  bool operator==(const IdentityApp&) const = default;
};

// In a worker: gives tokens to the apps there (azure-facts 1.6.12).
struct IdentityEndpoint {
  Ipv4Address address{};
  uint16_t port = 0;
  std::vector<IdentityApp> apps{};
  bool operator==(const IdentityEndpoint&) const = default;
};

// A namespace from which the authority is called.
struct IdentityLane {
  bool operator==(const IdentityLane&) const = default;
};

using IdentityRole = std::variant<IdentityEndpoint, IdentityLane>;

std::string to_text(const IdentityRole& role);
// kInvalid says what is wrong with the text.
Result<IdentityRole> parse_identity_role(const std::string& text);

}  // namespace egress::settings
