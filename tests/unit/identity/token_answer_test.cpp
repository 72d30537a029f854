// SPDX-License-Identifier: MIT
#include "egress-identity/token_answer.hpp"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "egress-identity/authority_call.hpp"

namespace egress::identity {
namespace {

using nlohmann::json;
using testing::HasSubstr;

const settings::IdentityApp kApp{.site = "web", .header = "header", .client_id = "client"};

Asked right() {
  return {.method = "GET",
          .path = "/msi/token",
          .api_version = "2019-08-01",
          .resource = "https://vault.azure.net",
          .identity_header = "header"};
}

Asked right_in_2017() {
  Asked asked = right();
  asked.api_version = "2017-09-01";
  asked.identity_header.reset();
  asked.secret = "header";
  return asked;
}

unsigned status_of(const Asked& asked, const settings::IdentityApp* app = &kApp) {
  const auto refused = refusal_of(asked, app);
  if (!refused) return 200;
  const json body = json::parse(refused->body);
  EXPECT_EQ(body.at("statusCode"), refused->status);
  EXPECT_NE(body.at("message"), "");
  return refused->status;
}

template <typename Change>
Asked with(Asked asked, const Change& change) {
  change(asked);
  return asked;
}

// azure-facts 1.6.12
TEST(TokenAnswer, IsATokenForWhoShowsTheHeaderOfItsVersion) {
  EXPECT_EQ(status_of(right()), 200U);
  EXPECT_EQ(status_of(right_in_2017()), 200U);
  EXPECT_EQ(status_of(with(right(), [](Asked& a) { a.secret = "header"; })), 200U);
}

TEST(TokenAnswer, IsARefusalOfAnythingElse) {
  struct Case {
    Asked asked{};
    unsigned status = 0;
  };
  for (const Case& each :
       {Case{with(right(), [](Asked& a) { a.identity_header.reset(); }), 401},
        Case{with(right(), [](Asked& a) { a.identity_header = "Header"; }), 401},
        Case{with(right(), [](Asked& a) { std::swap(a.identity_header, a.secret); }), 401},
        Case{with(right_in_2017(), [](Asked& a) { a.secret.reset(); }), 401},
        Case{with(right_in_2017(), [](Asked& a) { std::swap(a.identity_header, a.secret); }), 401},
        Case{with(right(), [](Asked& a) { a.resource.reset(); }), 400},
        Case{with(right(), [](Asked& a) { a.resource = ""; }), 400},
        Case{with(right(), [](Asked& a) { a.api_version.reset(); }), 400},
        Case{with(right(), [](Asked& a) { a.api_version = "2018-02-01"; }), 400},
        Case{with(right(), [](Asked& a) { a.path = "/metadata/identity/oauth2/token"; }), 404},
        Case{with(right(), [](Asked& a) { a.method = "POST"; }), 405}}) {
    EXPECT_EQ(status_of(each.asked), each.status);
  }
  EXPECT_EQ(status_of(right(), nullptr), 401U) << "nobody who has an identity";
}

TEST(TokenAnswer, HoldsTheTokenForADay) {
  const auto now = std::chrono::system_clock::time_point(std::chrono::seconds(1'000'000));
  const TokenAnswer answer = token_for(kApp, "https://vault.azure.net", now);
  EXPECT_EQ(answer.status, 200U);
  const json body = json::parse(answer.body);
  EXPECT_EQ(body.at("expires_on"), "1086400");
  EXPECT_EQ(body.at("resource"), "https://vault.azure.net");
  EXPECT_EQ(body.at("token_type"), "Bearer");
  EXPECT_EQ(body.at("client_id"), "client");
  EXPECT_THAT(body.at("access_token").get<std::string>(), HasSubstr("client."));
  EXPECT_EQ(json::parse(token_for(kApp, "https://vault.azure.net", {}).body).at("access_token"),
            body.at("access_token"));
  EXPECT_NE(json::parse(token_for(kApp, "https://storage.azure.com", now).body).at("access_token"),
            body.at("access_token"));
}

TEST(TokenAnswer, RepeatsABrokenResourceAsText) {
  EXPECT_TRUE(json::accept(token_for(kApp, "\xff\xfe", {}).body));
}

TEST(AuthorityCall, FailsByWhatItsServiceSaysAlone) {
  EXPECT_EQ(failure_in(R"({"host":"login","access":"Allow"})"), std::nullopt);
  EXPECT_EQ(failure_in(R"({"host":"login"})"), std::nullopt);
  EXPECT_EQ(failure_in("no JSON"), std::nullopt);
  EXPECT_EQ(failure_in(R"({"access":"Deny","message":"Public access is disabled."})"),
            "login.microsoftonline.com refuses: Public access is disabled.");
  EXPECT_EQ(failure_in(R"({"access":"Deny"})"),
            "login.microsoftonline.com refuses: no reason is given");
}

}  // namespace
}  // namespace egress::identity
