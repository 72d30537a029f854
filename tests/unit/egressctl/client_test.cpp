// SPDX-License-Identifier: MIT
#include "egressctl/client.hpp"

#include <gmock/gmock.h>

#include "egressctl/commands.hpp"
#include "egressctl/progress.hpp"

namespace egress::ctl {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

Failure failure_in(const Answer& answer) {
  const Failure* failure = std::get_if<Failure>(&answer);
  return failure == nullptr ? Failure{.code = "none"} : *failure;
}

TEST(Answer, IsTheDocumentOfASuccess) {
  const Answer answer = answer_of(200, R"({"leases": []})");
  ASSERT_TRUE(std::holds_alternative<Json>(answer));
  EXPECT_TRUE(std::get<Json>(answer).contains("leases"));
}

TEST(Answer, CarriesTheDaemonsCodeMessageAndFindings) {
  const Failure failure = failure_in(answer_of(
      400, R"({"error": {"code": "invalid", "message": "the lab is invalid", "findings": [{}]}})"));
  EXPECT_EQ(failure.code, "invalid");
  EXPECT_EQ(failure.message, "the lab is invalid");
  EXPECT_EQ(failure.findings.size(), 1U);
  EXPECT_EQ(failure.reach, Reach::kDaemon);
}

TEST(Answer, ThatIsNoJsonIsAFailureOfTheProtocol) {
  EXPECT_EQ(failure_in(answer_of(200, "<html>")).code, "protocol");
  EXPECT_EQ(failure_in(answer_of(500, "{}")).message, "HTTP status 500");
}

TEST(Client, SaysHowToStartADaemonThatDoesNotAnswer) {
  const Client client(testing::TempDir() + "no-such-socket");
  for (const Answer& answer :
       {client.get("/v1/status"), client.run("/v1/down", Json::object(), [](const Json&) {})}) {
    const Failure failure = failure_in(answer);
    EXPECT_EQ(failure.code, "daemon-unreachable");
    EXPECT_THAT(failure.hint, HasSubstr("egressd"));
    EXPECT_EQ(failure.reach, Reach::kNowhere);
  }
}

TEST(Escaped, KeepsNamesFromBecomingPaths) {
  EXPECT_EQ(escaped("spoke/a b?"), "spoke%2Fa%20b%3F");
  EXPECT_EQ(escaped("web-1"), "web-1");
}

TEST(Target, IsASiteAndPerhapsAnInstance) {
  EXPECT_EQ(to_string(parse_target("web").value()), "web/0");
  EXPECT_EQ(to_string(parse_target("web/12").value()), "web/12");
  for (const char* wrong : {"", "/1", "web/", "web/x", "web/-1", "web/1/2", "web/99999999999"}) {
    EXPECT_FALSE(parse_target(wrong).ok()) << wrong;
  }
}

TEST(ProgressLine, FillsTheBarAndFitsTheTerminal) {
  const Json half = {{"done", 6}, {"total", 12}, {"what", "add link eg-app-web-0"}};
  EXPECT_EQ(progress_line(half, 80), "[############............] 6/12 add link eg-app-web-0");
  EXPECT_EQ(progress_line(half, 40), "[############............] 6/12 add link");
  EXPECT_THAT(progress_line({{"done", 0}, {"total", 0}}, 80), StartsWith("[....................."));
}

}  // namespace
}  // namespace egress::ctl
