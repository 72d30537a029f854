// SPDX-License-Identifier: MIT
#include "egressctl/console.hpp"

#include <gmock/gmock.h>

namespace egress::ctl {
namespace {

Json finding(int line, const char* message, const char* hint) {
  return {{"severity", "error"}, {"file", "a.yaml"},
          {"line", line},        {"column", line},
          {"path", "sites.web"}, {"message", message},
          {"hint", hint},        {"text", std::string("a.yaml: error: ") + message}};
}

std::string told(const Failure& failure, Format format = Format::kTable) {
  testing::internal::CaptureStderr();
  EXPECT_EQ(Console(format, {}, {}).fail(failure, kNo), kNo);
  return testing::internal::GetCapturedStderr();
}

TEST(Console, TellsARefusalOnceWithItsHint) {
  const Failure failure{.code = "Conflict",
                        .message = "It is in use.",
                        .findings = Json::array(
                            {finding(0, "It is in use.", "disconnect it"), finding(0, "No.", "")})};
  EXPECT_EQ(told(failure),
            "a.yaml: error: No.\n"
            "egressctl: error[Conflict]: It is in use.\n"
            "  hint: disconnect it\n");
}

TEST(Console, TellsARefusalAtItsPlaceInTheFile) {
  const Failure failure{.code = "Conflict",
                        .message = "It is in use.",
                        .findings = Json::array({finding(3, "It is in use.", "disconnect it")})};
  EXPECT_EQ(told(failure),
            "a.yaml: error: It is in use.\n"
            "egressctl: error[Conflict]: the lab is refused\n");
}

TEST(Console, GivesAllOfARefusalAsJson) {
  const Failure failure{.code = "Conflict",
                        .message = "It is in use.",
                        .findings = Json::array({finding(0, "It is in use.", "disconnect it")})};
  const Json json = Json::parse(told(failure, Format::kJson))["error"];
  EXPECT_EQ(json["message"], "It is in use.");
  EXPECT_EQ(json["findings"].size(), 1U);
}

}  // namespace
}  // namespace egress::ctl
