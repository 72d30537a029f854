// SPDX-License-Identifier: MIT
#include "egressctl/client.hpp"

#include <gmock/gmock.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <thread>

#include "base/unique_fd.hpp"
#include "egressctl/commands/commands.hpp"
#include "egressctl/progress.hpp"
#include "tests/support/folder.hpp"
#include "tests/support/unix_socket.hpp"

namespace egress::ctl {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

// Answers one request on a unix socket with fixed bytes and hangs up.
class OneAnswer {
 public:
  explicit OneAnswer(std::string bytes) : bytes_(std::move(bytes)) {
    EXPECT_EQ(::listen(listener_.get(), 1), 0);
    thread_ = std::thread([this] { serve(); });
  }
  ~OneAnswer() {
    ::shutdown(listener_.get(), SHUT_RDWR);  // wakes it when nobody came
    thread_.join();
  }
  OneAnswer(const OneAnswer&) = delete;
  OneAnswer& operator=(const OneAnswer&) = delete;

  const std::string& path() const { return path_; }

 private:
  void serve() const {
    const UniqueFd peer(::accept(listener_.get(), nullptr, nullptr));
    std::string request(4096, '\0');
    if (!peer.valid() || ::recv(peer.get(), request.data(), request.size(), 0) <= 0) return;
    EXPECT_EQ(::send(peer.get(), bytes_.data(), bytes_.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(bytes_.size()));
  }

  std::string bytes_;
  testing_support::Folder folder_{};
  std::string path_ = folder_ / "socket";
  UniqueFd listener_ = testing_support::bound_to(path_, SOCK_STREAM);
  std::thread thread_{};
};

Answer run_against(const std::string& bytes, std::vector<std::string>& seen) {
  const OneAnswer daemon(bytes);
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
  const OneAnswer daemon("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) +
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
  EXPECT_EQ(failure_in(late).code, "connection");
  EXPECT_THAT(failure_in(late).message, HasSubstr("no answer in time"));
  const Answer over =
      Client(path).follow("/v1/flows", std::chrono::seconds(0), nothing, [] { return true; });
  EXPECT_TRUE(std::holds_alternative<Json>(over));
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
  const OneAnswer daemon("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + status);
  return failure_in(with_sites(Failure{.code = code}, Client(daemon.path()), "wbe"));
}

TEST(WithSites, SuggestsWhatTheDaemonsLabHas) {
  const std::string status = R"({"lab": "a.yaml", "apps": [{"site": "web", "instance": 0}]})";
  EXPECT_EQ(named("not-found", status).hint, "did you mean 'web'?");
  EXPECT_EQ(named("conflict", status).hint, "");
}

TEST(WithSubnets, SuggestsThoseThatHaveLeases) {
  const auto hint = [](const std::string& status) {
    const OneAnswer daemon("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + status);
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
