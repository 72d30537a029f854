// SPDX-License-Identifier: MIT
#pragma once

// What the token endpoint answers, in the words of HTTP (azure-facts 1.6.12). Pure.

#include <chrono>
#include <optional>
#include <string>

#include "settings/identity_text.hpp"

namespace egress::identity {

// A request, as far as it matters.
struct Asked {
  std::string method{};
  std::string path{};  // "/msi/token"
  std::optional<std::string> api_version{};
  std::optional<std::string> resource{};
  std::optional<std::string> identity_header{};  // X-IDENTITY-HEADER, of 2019-08-01
  std::optional<std::string> secret{};           // of 2017-09-01
};

struct TokenAnswer {
  unsigned status = 200;
  std::string body{};  // JSON
};

// Why no token is asked for; nothing: one is. `app` is who asks, null: nobody who has an identity.
std::optional<TokenAnswer> refusal_of(const Asked& asked, const settings::IdentityApp* app);

// A token that means nothing, for a day; its text is the same for the same app and resource.
TokenAnswer token_for(const settings::IdentityApp& app, const std::string& resource,
                      std::chrono::system_clock::time_point now);

// 500, with the reason.
TokenAnswer failure(const std::string& reason);

}  // namespace egress::identity
