// SPDX-License-Identifier: MIT
// Apps that are called: what reaches their own programs, and what their callers get.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "tests/support/machine.hpp"

namespace egress::e2e {
namespace {

using namespace testing_support;

using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

// The program of an app, listening on a port: it answers each line with a name, whom it sees, and
// the line.
constexpr const char* kProgram = R"(
import socketserver, sys
class Lines(socketserver.StreamRequestHandler):
    def handle(self):
        for line in self.rfile:
            text = ' '.join([sys.argv[1], self.client_address[0], line.decode()])
            self.wfile.write(text.encode())
class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = daemon_threads = True
server = Server(('', int(sys.argv[2])), Lines)
print('listening', flush=True)
server.serve_forever()
)";

std::string lab_text() {
  return read_file(std::string(LABS_DIRECTORY) + "/site-endpoint.yaml");
}

class Sites : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(machine_.start());
    apply(lab_text());
  }

  void apply(const std::string& text) const {
    const Outcome applied = machine_.ctl({"apply", machine_.file("lab.yaml", text)});
    ASSERT_EQ(applied.status, 0) << applied.err << machine_.log();
  }

  void listen(const std::string& app, const std::string& port, const std::string& name) {
    programs_.push_back(std::make_unique<Background>(
        machine_.ctl_command({"exec", app, "--", "python3", "-c", kProgram, name, port}),
        "listening"));
    ASSERT_TRUE(programs_.back()->ready()) << read_file(programs_.back()->errors_file());
  }

  // What the app gets for a line that it sends to a URL's host and port.
  std::string ask(const std::string& app, const std::string& host, const std::string& port) const {
    return machine_
        .exec(app, {"bash", "-c",
                    "exec 3<>/dev/tcp/" + host + "/" + port +
                        " && echo hello >&3 && read -r -t 10 line <&3 && echo \"$line\""})
        .out;
  }

  // The status of an HTTP answer, and the answer.
  std::string get(const std::string& app, const std::string& url) const {
    return machine_.exec(app, {"curl", "-sS", "--max-time", "10", "-w", "%{http_code}", url}).out;
  }

  Machine machine_{};
  std::vector<std::unique_ptr<Background>> programs_{};
};

// azure-facts 1.6.11
TEST_F(Sites, AllInstancesAreCalledInTurnAndSeeTheirGateway) {
  listen("open/0", "8080", "open/0");
  listen("open/1", "8080", "open/1");
  const std::set<std::string> both{"open/0 169.254.129.1 hello\n", "open/1 169.254.129.1 hello\n"};
  EXPECT_EQ((std::set{ask("outside", "open.azurewebsites.net", "443"),
                      ask("outside", "open.azurewebsites.net", "443")}),
            both);
  EXPECT_EQ((std::set{ask("in-twin", "10.1.3.4", "80"), ask("in-twin", "10.1.3.4", "80")}), both);
}

TEST_F(Sites, AnAppThatCallsItsOwnNameReachesItself) {
  for (const char* app : {"inside/0", "inside/1"}) listen(app, "80", app);
  for (const char* app : {"inside/0", "inside/1"}) {
    EXPECT_THAT(ask(app, "inside.azurewebsites.net", "443"), HasSubstr(" 169.254.129.1 hello\n"));
  }
  // Past its endpoint it is one of those who are refused.
  EXPECT_THAT(get("inside", "http://20.50.2.5/"), EndsWith("403"));
}

TEST_F(Sites, CallersOfEqualAddressesAndPortsGetTheirOwnAnswers) {
  for (const char* app : {"open/0", "open/1"}) listen(app, "8080", "open");
  const auto caller = [&](const std::string& app) {
    return std::make_unique<Background>(machine_.ctl_command({"exec", app, "--", "socat", "-",
                                                              "TCP:10.1.3.4:443,sourceport=40000"}),
                                        "");
  };
  // Of three to two instances, two meet at one.
  const auto one = caller("inside/0");
  const auto other = caller("in-twin");
  const auto third = caller("inside/1");
  const auto answers = [](Background& session, const std::string& word) {
    session.say(word + "\n");
    return session.says("open 169.254.129.1 " + word);
  };
  for (const std::string word : {"first", "second"}) {
    EXPECT_TRUE(answers(*one, "spoke-" + word));
    EXPECT_TRUE(answers(*other, "twin-" + word));
    EXPECT_TRUE(answers(*third, "second-" + word));
  }
}

TEST_F(Sites, RefuseWhatComesFromTheInternetOnceTheySaySo) {
  for (const char* app : {"open/0", "open/1"}) listen(app, "8080", "open");
  EXPECT_THAT(ask("outside", "open.azurewebsites.net", "80"), StartsWith("open 169.254.129.1"));
  apply(replaced(lab_text(), "publicNetworkAccess: Enabled", "publicNetworkAccess: Disabled"));
  const std::string refused = get("outside", "http://open.azurewebsites.net/");
  EXPECT_THAT(refused, EndsWith("403"));
  EXPECT_THAT(refused, HasSubstr("Ip Forbidden"));
  EXPECT_THAT(get("by-service", "http://20.50.2.4/"), EndsWith("403"));
  EXPECT_THAT(ask("inside", "10.1.3.4", "80"), StartsWith("open 169.254.129.1"));
}

TEST_F(Sites, ExplainLeavesTheirAnswersToTheirPrograms) {
  const Command question = {"explain", "outside", "tcp://open.azurewebsites.net:443", "--verify"};
  const json before = machine_.ctl_json(question);
  EXPECT_EQ(before["answerUnknown"], true) << before;
  EXPECT_EQ(before["observed"]["refused"], true) << before;
  EXPECT_EQ(before["observed"]["agrees"], true) << before;
  for (const char* app : {"open/0", "open/1"}) listen(app, "8080", "open");
  const json after = machine_.ctl_json(question);
  EXPECT_EQ(after["observed"]["replied"], true) << after;
  EXPECT_EQ(after["observed"]["refused"], false) << after;
  EXPECT_EQ(after["observed"]["agrees"], true) << after;
}

TEST_F(Sites, HaveFrontEndsForAsLongAsSomethingLeadsThere) {
  const auto fronts = [&] {
    std::vector<std::string> found;
    const json status = machine_.ctl_json({"status"});
    for (const json& host : status["hosts"]) {
      if (host["kind"] == "front") found.push_back(host["netns"].get<std::string>());
    }
    return found;
  };
  EXPECT_THAT(fronts(), ElementsAre("eg-front-inside", "eg-front-nameless", "eg-front-open"));
  apply(replaced(lab_text(), "privateLinkService: nameless", "privateLinkService: outside"));
  EXPECT_THAT(fronts(), ElementsAre("eg-front-inside", "eg-front-open", "eg-front-outside"));
  EXPECT_THAT(run({"ip", "netns", "list"}).out, Not(HasSubstr("eg-front-nameless")));
}

// In a network that leads nowhere and denies everything.
class SitesInAShutNetwork : public Sites {
 protected:
  void SetUp() override {
    ASSERT_TRUE(machine_.start());
    apply(read_file(std::string(LABS_DIRECTORY) + "/inbound-untouched.yaml"));
  }
};

TEST_F(SitesInAShutNetwork, AnswerRequestsFromTheInternet) {
  for (const char* app : {"web/0", "web/1"}) listen(app, "80", app);
  const auto ask_from_internet = [](const std::string& port) {
    return run({"ip", "netns", "exec", "eg-host-browser", "bash", "-c",
                "exec 3<>/dev/tcp/20.50.2.4/" + port +
                    " && echo hello >&3 && read -r -t 10 line <&3 && echo \"$line\""})
        .out;
  };
  const std::set<std::string> both{"web/0 169.254.129.1 hello\n", "web/1 169.254.129.1 hello\n"};
  EXPECT_EQ((std::set{ask_from_internet("443"), ask_from_internet("443")}), both);
  EXPECT_EQ((std::set{ask_from_internet("80"), ask_from_internet("80")}), both);
}

}  // namespace
}  // namespace egress::e2e
