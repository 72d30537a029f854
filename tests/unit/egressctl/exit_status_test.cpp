// SPDX-License-Identifier: MIT
// Every command against daemons that are not there, hang, or are of another version, and with bad
// files; and the tables of egressctl(1).

#include "egressctl/exit_status.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gmock/gmock.h>

#include <fstream>
#include <sstream>

#include "tests/support/daemon_commands.hpp"
#include "tests/unit/egressctl/fake_daemon.hpp"
#include "tests/unit/egressctl/outcome.hpp"

namespace egress::ctl {
namespace {

using ::testing::HasSubstr;

using Command = std::vector<std::string>;
using testing_support::daemon_commands;

class ExitStatus : public testing::Test {
 protected:
  static Outcome run_with(const Command& command, const std::string& socket, const std::string& lab,
                          const Command& more = {}) {
    std::vector<const char*> words{"--socket", socket.c_str(), "--no-progress"};
    for (const std::string& word : more) words.push_back(word.c_str());
    for (const std::string& word : command) {
      words.push_back(word == "LAB" ? lab.c_str() : word.c_str());
    }
    return run(words);
  }
  static std::string text_of(const Command& command) {
    return fmt::format("{}", fmt::join(command, " "));
  }

  testing_support::Folder folder_{};
  std::string lab_ = folder_.write("lab.yaml", "outboundIpAddresses: [20.50.1.4]\n");
  std::string nobody_ = folder_ / "no-such-socket";
};

TEST_F(ExitStatus, IsTroubleWithoutADaemon) {
  for (const Command& command : daemon_commands()) {
    const Outcome outcome = run_with(command, nobody_, lab_);
    EXPECT_EQ(outcome.exit, kTrouble) << text_of(command);
    EXPECT_THAT(outcome.err, HasSubstr("error[daemon-unreachable]")) << text_of(command);
    EXPECT_EQ(outcome.out, "") << text_of(command);
  }
}

TEST_F(ExitStatus, IsTroubleWithADaemonOfAnotherApi) {
  const FakeDaemon newer(
      "HTTP/1.1 200 OK\r\nEgressd-Api: 2\r\nEgressd-Version: 9.9\r\nConnection: close\r\n\r\n"
      "{\"verdict\": \"Perhaps\"}");
  for (const Command& command : daemon_commands()) {
    const Outcome outcome = run_with(command, newer.path(), lab_);
    EXPECT_EQ(outcome.exit, kTrouble) << text_of(command);
    EXPECT_THAT(outcome.err, HasSubstr("error[version]: daemon 9.9 (api 2), client "))
        << text_of(command);
    EXPECT_EQ(outcome.out, "") << text_of(command);
  }
}

TEST_F(ExitStatus, IsTroubleWithADaemonThatHangs) {
  const std::string path = folder_ / "hanging";
  const UniqueFd listener = testing_support::bound_to(path, SOCK_STREAM);
  ASSERT_EQ(::listen(listener.get(), 1024), 0);
  // tests/e2e/exit_status_test.cpp tries all of them.
  for (const Command& command : {Command{"status"}, {"apply", "LAB"}, {"watch"}}) {
    const Outcome outcome = run_with(command, path, lab_, {"--timeout", "1s"});
    EXPECT_EQ(outcome.exit, kTrouble) << text_of(command);
    EXPECT_THAT(outcome.err, HasSubstr("error[timeout]")) << text_of(command);
  }
}

TEST_F(ExitStatus, IsTroubleWithADaemonThatBreaksOff) {
  const FakeDaemon broken("HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n{\"a\":");
  for (const Command& command : daemon_commands()) {
    EXPECT_EQ(run_with(command, broken.path(), lab_).exit, kTrouble) << text_of(command);
  }
}

TEST_F(ExitStatus, OfAFileThatIsNotThereIsTroubleAndOfABadOneNoForThoseThatChange) {
  const std::string missing = folder_ / "missing.yaml";
  const std::string bad = folder_.write("bad.yaml", "virtualNetworks: 7\n");
  const Command kinds[] = {{"validate", "LAB"},
                           {"plan", "LAB"},
                           {"apply", "LAB"},
                           {"test", "LAB"},
                           {"test", "--lab", "LAB"},
                           {"explain", "web", "tcp://10.1.2.4:1433", "--lab", "LAB"},
                           {"resolve", "web", "www.example.com", "--lab", "LAB"},
                           {"startup", "web", "--lab", "LAB"}};
  for (const Command& command : kinds) {
    const Outcome outcome = run_with(command, nobody_, missing);
    EXPECT_EQ(outcome.exit, kTrouble) << text_of(command);
    EXPECT_THAT(outcome.err, HasSubstr("error[not-found]")) << text_of(command);
  }
  EXPECT_EQ(run_with({"validate", "LAB"}, nobody_, bad).exit, kNo);
  EXPECT_EQ(run_with({"test", "--lab", "LAB"}, nobody_, bad).exit, kTrouble);
  EXPECT_EQ(run_with({"explain", "web", "tcp://10.1.2.4:1", "--lab", "LAB"}, nobody_, bad).exit,
            kTrouble);
}

// What a daemon says, with this code.
std::string refusal(const std::string& code) {
  return "HTTP/1.1 409 Conflict\r\nConnection: close\r\n\r\n{\"error\": {\"code\": \"" + code +
         "\", \"message\": \"no\"}}";
}

TEST_F(ExitStatus, OfWhatTheDaemonRefusesIsTheTables) {
  for (const ErrorCode& each : error_codes()) {
    const std::string code = each.code;
    if (code == "cancelled" || code == "invalid") continue;  // below, and of usage for explain
    const FakeDaemon refusing(refusal(code));
    EXPECT_EQ(run_with({"restart", "web"}, refusing.path(), lab_).exit, each.change) << code;
    EXPECT_EQ(run_with({"effective-routes", "web"}, refusing.path(), lab_).exit, each.question)
        << code;
  }
  const FakeDaemon azure(refusal("InUseSubnetCannotBeDeleted"));
  EXPECT_EQ(run_with({"delete", "subnet", "a/b"}, azure.path(), lab_).exit, kNo);
  EXPECT_EQ(run_with({"env", "web"}, azure.path(), lab_).exit, kTrouble);
}

TEST_F(ExitStatus, WaitsForABusyDaemonNoLongerThanItIsTold) {
  const FakeDaemon busy(refusal("busy"));
  EXPECT_EQ(run_with({"restart", "web"}, busy.path(), lab_).exit, kNo);
  const Outcome waited =
      run_with({"restart", "web"}, busy.path(), lab_, {"--wait", "--timeout", "1s"});
  EXPECT_NE(waited.exit, kDone);
  EXPECT_THAT(waited.err, HasSubstr("egressctl: waits: no\n"));
}

TEST(ErrorCodes, StandInTheManualAsTheyAre) {
  std::ifstream file(EGRESSCTL_MANUAL);
  std::stringstream manual;
  manual << file.rdbuf();
  for (const ErrorCode& each : error_codes()) {
    std::ostringstream row;
    row << "|  *" << each.code << "*\n:  " << each.change << "\n:  " << each.question
        << "\n:  " << each.meaning << "\n";
    EXPECT_THAT(manual.str(), HasSubstr(row.str()));
  }
}

}  // namespace
}  // namespace egress::ctl
