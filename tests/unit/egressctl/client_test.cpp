// SPDX-License-Identifier: MIT
#include "egressctl/client.hpp"

#include <gmock/gmock.h>
#include <sys/socket.h>

#include <atomic>

#include "base/unique_fd.hpp"
#include "egressctl/commands/commands.hpp"
#include "egressctl/progress.hpp"
#include "tests/support/folder.hpp"
#include "tests/support/unix_socket.hpp"
#include "tests/unit/egressctl/fake_daemon.hpp"

namespace egress::ctl {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

Answer run_against(const std::string& bytes, std::vector<std::string>& seen) {
  const FakeDaemon daemon(bytes);
  return Client(daemon.path()).run("/v1/apply", Json::object(), [&](const Json& progress) {
    seen.push_back(text_of(progress, "what"));
  });
}

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

TEST(Client, ReportsProgressAndAnswersWithTheResult) {
  std::vector<std::string> seen;
  const Answer answer = run_against(
      "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"
      "{\"progress\": {\"what\": \"one\"}}\n{\"progress\": {\"what\": \"two\"}}\n"
      "{\"result\": {\"changed\": 7}}\n",
      seen);
  ASSERT_TRUE(std::holds_alternative<Json>(answer));
  EXPECT_EQ(number_of(std::get<Json>(answer), "changed"), 7);
  EXPECT_THAT(seen, testing::ElementsAre("one", "two"));
}

TEST(Client, TakesAnAnswerOfManyMegabytes) {
  const std::string text(size_t{20} << 20, 'x');
  const std::string body = "{\"text\": \"" + text + "\"}";
  const FakeDaemon daemon("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) +
                          "\r\n\r\n" + body);
  const Answer answer = Client(daemon.path()).get("/v1/lab");
  ASSERT_TRUE(std::holds_alternative<Json>(answer)) << failure_in(answer).message;
  EXPECT_EQ(text_of(std::get<Json>(answer), "text"), text);
}

TEST(Client, FollowsADaemonThatHangsNoLongerThanItIsTold) {
  const testing_support::Folder folder;
  const std::string path = folder / "socket";
  const UniqueFd listener = testing_support::bound_to(path, SOCK_STREAM);
  ASSERT_EQ(::listen(listener.get(), 1), 0);
  const auto nothing = [](const Json&) {};
  const auto for_ever = [] { return false; };
  const Answer late = Client(path).follow("/v1/flows", std::chrono::seconds(1), nothing, for_ever);
  EXPECT_EQ(failure_in(late).code, "timeout");
  EXPECT_THAT(failure_in(late).message, HasSubstr("gave no answer within 1 s"));
  const Answer over =
      Client(path).follow("/v1/flows", std::chrono::seconds(0), nothing, [] { return true; });
  EXPECT_TRUE(std::holds_alternative<Json>(over));
}

TEST(Client, WaitsNoLongerThanItsPatienceAndSaysMeanwhileThatItDoes) {
  const testing_support::Folder folder;
  const std::string path = folder / "socket";
  const UniqueFd listener = testing_support::bound_to(path, SOCK_STREAM);
  ASSERT_EQ(::listen(listener.get(), 8), 0);
  std::atomic<int> silences = 0;
  const Client client(path,
                      {.timeout = std::chrono::seconds(3), .on_silence = [&] { ++silences; }});
  EXPECT_FALSE(client.is_late());
  EXPECT_EQ(failure_in(client.get("/v1/status")).message, path + " gave no answer within 3 s");
  EXPECT_EQ(silences, 1);
  EXPECT_TRUE(client.is_late());
  EXPECT_EQ(failure_in(client.post("/v1/explain", Json::object())).code, "timeout");
}

TEST(Client, LeavesAnOperationToTheDaemonWhenItIsInterrupted) {
  const testing_support::Folder folder;
  const std::string path = folder / "socket";
  const UniqueFd listener = testing_support::bound_to(path, SOCK_STREAM);
  ASSERT_EQ(::listen(listener.get(), 8), 0);
  const Failure left = failure_in(Client(path).run(
      "/v1/apply", Json::object(), [](const Json&) {}, [] { return true; }));
  EXPECT_EQ(left.code, "cancelled");
  EXPECT_THAT(left.hint, HasSubstr("egressctl status"));
}

TEST(Client, ReadsNothingOfADaemonOfAnotherApi) {
  const std::string body = R"({"verdict": "Allow"})";
  const FakeDaemon newer(
      "HTTP/1.1 200 OK\r\nEgressd-Api: 2\r\nEgressd-Version: 9.9\r\n"
      "Connection: close\r\n\r\n" +
      body);
  const Failure other = failure_in(Client(newer.path()).get("/v1/status"));
  EXPECT_EQ(other.code, "version");
  EXPECT_THAT(other.message, testing::MatchesRegex("daemon 9.9 .api 2., client .* .api 1."));
  std::vector<std::string> seen;
  EXPECT_EQ(
      failure_in(Client(newer.path()).run("/v1/apply", Json::object(), [](const Json&) {})).code,
      "version");
  const FakeDaemon stranger("HTTP/1.1 200 OK\r\nServer: nginx\r\nConnection: close\r\n\r\n{}");
  EXPECT_THAT(failure_in(Client(stranger.path()).get("/v1/status")).message,
              StartsWith("what answers does not say that it is egressd"));
}

TEST(Client, SaysThatNobodyAnswersAtAPathThatIsTooLongForASocket) {
  const Answer answer = Client("/" + std::string(200, 'x')).get("/v1/status");
  EXPECT_EQ(failure_in(answer).code, "daemon-unreachable");
}

TEST(Client, KnowsThatAnInterruptedOperationHadBegun) {
  std::vector<std::string> seen;
  const std::string line = "{\"progress\": {\"what\": \"one\"}}\n";
  for (const std::string rest : {"", "20\r\n{\"result\":"}) {
    const Failure failure = failure_in(run_against(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1e\r\n" + line + "\r\n" + rest,
        seen));
    EXPECT_EQ(failure.code, "interrupted");
    EXPECT_EQ(failure.reach, Reach::kKernel);
  }
  EXPECT_THAT(seen, testing::ElementsAre("one", "one"));
}

TEST(Client, KnowsThatARefusedOperationChangedNothing) {
  std::vector<std::string> seen;
  const std::string body = R"({"error": {"code": "conflict", "message": "no room"}})";
  const Failure failure =
      failure_in(run_against("HTTP/1.1 409 Conflict\r\nConnection: close\r\n\r\n" + body, seen));
  EXPECT_EQ(failure.code, "conflict");
  EXPECT_EQ(failure.reach, Reach::kDaemon);
}

Failure named(const char* code, const std::string& status) {
  const FakeDaemon daemon("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + status);
  return failure_in(with_sites(Failure{.code = code}, Client(daemon.path()), "wbe"));
}

TEST(WithSites, SuggestsWhatTheDaemonsLabHas) {
  const std::string status = R"({"lab": "a.yaml", "apps": [{"site": "web", "instance": 0}]})";
  EXPECT_EQ(named("not-found", status).hint, "did you mean 'web'?");
  EXPECT_EQ(named("conflict", status).hint, "");
}

TEST(WithSubnets, SuggestsThoseThatHaveLeases) {
  const auto hint = [](const std::string& status) {
    const FakeDaemon daemon("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + status);
    return failure_in(with_subnets(Failure{.code = "not-found"}, Client(daemon.path()), "v/app"))
        .hint;
  };
  EXPECT_EQ(hint(R"({"workers": [{"interfaces": [{"subnet": "v/apps"}]}]})"),
            "did you mean 'v/apps'?");
  EXPECT_EQ(hint(R"({"workers": []})"), "the lab has no integration subnets");
}

TEST(WithSites, SaysWhatToDoWithoutALab) {
  EXPECT_EQ(named("conflict", R"({"lab": null})").hint, "apply one: egressctl apply FILE");
}

TEST(WithSites, LeavesOtherAnswersAlone) {
  const Client nobody(testing::TempDir() + "no-such-socket");
  EXPECT_EQ(failure_in(with_sites(Failure{.code = "busy"}, nobody, "web")).hint, "");
  EXPECT_EQ(failure_in(with_sites(Failure{.code = "not-found"}, nobody, "web")).hint, "");
  EXPECT_EQ(std::get<Json>(with_sites(Json{{"a", 1}}, nobody, "web")), (Json{{"a", 1}}));
}

TEST(ExitOfExplanation, TellsVerdictsAndDisagreementApart) {
  EXPECT_EQ(exit_of_explanation({{"verdict", "Allow"}}), 0);
  for (const char* verdict : {"Deny", "Drop", "NoRoute"}) {
    EXPECT_EQ(exit_of_explanation({{"verdict", verdict}}), 1) << verdict;
  }
  const auto lost = [](const char* protocol) -> Json {
    return {
        {"verdict", "Allow"}, {"reply", {{"verdict", "Drop"}}}, {"flow", {{"protocol", protocol}}}};
  };
  EXPECT_EQ(exit_of_explanation(lost("tcp")), 1);
  EXPECT_EQ(exit_of_explanation(lost("udp")), 0);
  EXPECT_EQ(exit_of_explanation({{"verdict", "Deny"}, {"observed", {{"agrees", true}}}}), 1);
  EXPECT_EQ(exit_of_explanation({{"verdict", "Allow"}, {"observed", {{"agrees", false}}}}), 4);
}

TEST(Escaped, KeepsNamesFromBecomingPaths) {
  EXPECT_EQ(escaped("spoke/a b?"), "spoke%2Fa%20b%3F");
  EXPECT_EQ(escaped("web-1"), "web-1");
}

TEST(ProgressLine, FillsTheBarAndFitsTheTerminal) {
  const Json half = {{"done", 6}, {"total", 12}, {"what", "add link eg-app-web-0"}};
  EXPECT_EQ(progress_line(half, 80), "[############............] 6/12 add link eg-app-web-0");
  EXPECT_EQ(progress_line(half, 40), "[############............] 6/12 add link");
  EXPECT_THAT(progress_line({{"done", 0}, {"total", 0}}, 80), StartsWith("[....................."));
}

TEST(WithQuery, EscapesWhatAServerWouldReadOtherwise) {
  EXPECT_EQ(with_query("/v1/status", {}), "/v1/status");
  EXPECT_EQ(with_query("/v1/x", {{"site", "a&b/1"}, {"to", "10.0.0.4"}}),
            "/v1/x?site=a%26b%2F1&to=10.0.0.4");
}

}  // namespace
}  // namespace egress::ctl
