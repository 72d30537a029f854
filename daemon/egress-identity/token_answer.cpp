// SPDX-License-Identifier: MIT
#include "egress-identity/token_answer.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/stable_hash.hpp"

namespace egress::identity {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kPath = "/msi/token";
constexpr const char* kVersion = "2019-08-01";
constexpr const char* kLegacyVersion = "2017-09-01";
constexpr std::chrono::hours kLifetime{24};

// Bytes of requests are no UTF-8 for sure.
std::string text_of(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

TokenAnswer refusal(unsigned status, const std::string& message) {
  return {.status = status, .body = text_of({{"statusCode", status}, {"message", message}})};
}

}  // namespace

std::optional<TokenAnswer> refusal_of(const Asked& asked, const settings::IdentityApp* app) {
  if (asked.path != kPath) return refusal(404, fmt::format("There is nothing but {}.", kPath));
  if (asked.method != "GET") return refusal(405, "A token is asked for by GET.");
  const bool legacy = asked.api_version == kLegacyVersion;
  if (!legacy && asked.api_version != kVersion) {
    return refusal(400, fmt::format("api-version is {} or {}.", kVersion, kLegacyVersion));
  }
  const auto& header = legacy ? asked.secret : asked.identity_header;
  if (app == nullptr || header != app->header) {
    return refusal(401, fmt::format("The header {} is not the app's {}.",
                                    legacy ? "secret" : "X-IDENTITY-HEADER",
                                    legacy ? "MSI_SECRET" : "IDENTITY_HEADER"));
  }
  if (!asked.resource || asked.resource->empty()) return refusal(400, "resource is missing.");
  return std::nullopt;
}

TokenAnswer token_for(const settings::IdentityApp& app, const std::string& resource,
                      std::chrono::system_clock::time_point now) {
  const auto expires =
      std::chrono::duration_cast<std::chrono::seconds>((now + kLifetime).time_since_epoch());
  const uint64_t hash = fnv1a(app.client_id + " " + resource);
  return {.status = 200,
          .body = text_of({{"access_token", fmt::format("{}.{:016x}", app.client_id, hash)},
                           {"expires_on", std::to_string(expires.count())},
                           {"resource", resource},
                           {"token_type", "Bearer"},
                           {"client_id", app.client_id}})};
}

TokenAnswer failure(const std::string& reason) {
  return refusal(500, reason);
}

}  // namespace egress::identity
