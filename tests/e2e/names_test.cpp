// SPDX-License-Identifier: MIT
// What programs in apps see of names, services and endpoints, and that the commands say the same.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/support/machine.hpp"

namespace egress::e2e {
namespace {

using namespace testing_support;

using nlohmann::json;
using ::testing::HasSubstr;

std::string lab_called(const std::string& name) {
  return read_file(std::string(LABS_DIRECTORY) + "/" + name);
}

class Names : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(machine_.start()); }

  void apply(const std::string& text) const { ASSERT_TRUE(machine_.apply(text)); }
  // The status of an HTTP answer in the app, and the answer.
  Outcome ask(const std::string& app, const std::string& url) const {
    return machine_.exec(app, {"curl", "-sS", "--max-time", "10", "-w", "%{http_code}", url});
  }

  Machine machine_{};
};

TEST_F(Names, MeanTheSameToDigGetentCurlAndTheCommands) {
  apply(lab_called("private-zones.yaml"));
  const std::string name = "orders.database.windows.net";
  const std::string address = "10.1.3.4";
  EXPECT_THAT(machine_.exec("in-linked", {"dig", "+short", name}).out, HasSubstr(address + "\n"));
  EXPECT_EQ(machine_.exec("in-linked", {"dig", "+short", "+tcp", name}).out,
            machine_.exec("in-linked", {"dig", "+short", name}).out);
  EXPECT_THAT(machine_.exec("in-linked", {"getent", "hosts", name}).out, HasSubstr(address));
  const json resolved = machine_.ctl_json({"resolve", "in-linked", name});
  EXPECT_EQ(resolved["addresses"], json({address})) << resolved;
  const json explained = machine_.ctl_json({"explain", "in-linked", "tcp://" + name + ":1433"});
  EXPECT_EQ(explained["addresses"], json({address})) << explained;
  EXPECT_EQ(machine_.ctl({"resolve", "in-linked", name, "--verify"}).status, 0);
  EXPECT_EQ(machine_.ctl({"explain", "in-linked", "tcp://" + name + ":1433", "--verify"}).status,
            0);
}

TEST_F(Names, OfEveryTypeComeAsTheyWereWritten) {
  apply(lab_called("record-types.yaml"));
  const std::vector<std::pair<Command, std::string>> cases{
      {{"corp.internal", "MX"}, "10 mail.corp.internal.\n"},
      {{"corp.internal", "TXT"}, "\"v=spf1 -all\"\n"},
      {{"db.corp.internal", "A"}, "10.1.9.4\n10.1.9.5\n"},
      {{"db.corp.internal", "AAAA"}, "2001:db8::4\n"},
      {{"db.corp.internal", "MX"}, ""},
      {{"_ldap._tcp.corp.internal", "SRV"}, "0 5 389 db.corp.internal.\n"},
      {{"www.corp.internal", "CNAME"}, "alias.corp.internal.\n"},
      {{"www.corp.internal", "TXT"}, "alias.corp.internal.\nwww.example.com.\n\"public\"\n"},
      {{"-x", "10.1.2.9"}, "db.corp.internal.\n"},
      {{"-x", "10.1.2.4"}, ""},
      {{"down.corp.internal", "A"}, ""}};
  for (const auto& [question, answer] : cases) {
    Command command = {"dig", "+short"};
    command.insert(command.end(), question.begin(), question.end());
    EXPECT_EQ(machine_.exec("app", command).out, answer) << ::testing::PrintToString(question);
  }
  for (const auto& [name, status] : {std::pair{"circle.corp.internal", "SERVFAIL"},
                                     {"down.corp.internal", "NOERROR"},
                                     {"dangling.corp.internal", "NXDOMAIN"},
                                     {"none.corp.internal", "NXDOMAIN"}}) {
    EXPECT_THAT(machine_.exec("app", {"dig", name}).out,
                HasSubstr(std::string("status: ") + status))
        << name;
  }
  EXPECT_THAT(machine_.exec("app", {"dig", "+noall", "+answer", "db.corp.internal"}).out,
              HasSubstr("db.corp.internal.\t60\tIN\tA\t10.1.9.4\n"));
}

TEST_F(Names, GoOnWhileTheDaemonIsDeadAndFollowALabThatChanges) {
  const std::string lab = lab_called("private-zones.yaml");
  apply(lab);
  const Command asked = {"ip",     "netns",    "exec",        "eg-app-in-linked-0", "dig",
                         "+short", "+tries=1", "@127.0.0.11", "www.corp.internal"};
  EXPECT_EQ(run(asked).out, "10.1.3.9\n10.1.3.10\n");
  machine_.stop(SIGKILL);
  EXPECT_EQ(run(asked).out, "10.1.3.9\n10.1.3.10\n");
  ASSERT_TRUE(machine_.start());
  ASSERT_TRUE(machine_.comes_in_sync());
  apply(replaced(lab, "[10.1.3.9, 10.1.3.10]", "[10.1.3.11]"));
  EXPECT_EQ(run(asked).out, "10.1.3.11\n");
}

TEST_F(Names, OfAServiceLeadToItsRefusalInItsOwnWords) {
  apply(lab_called("service-endpoints.yaml"));
  const std::string url = "http://files.blob.core.windows.net/";
  const Outcome refused = ask("plain", url);
  EXPECT_THAT(refused.out, ::testing::EndsWith("403"));
  EXPECT_THAT(refused.out, HasSubstr("AuthorizationFailure"));
  EXPECT_THAT(refused.out, HasSubstr("address of the platform"));
  const Outcome allowed = ask("storage", url);
  EXPECT_THAT(allowed.out, ::testing::EndsWith("200"));
  EXPECT_THAT(allowed.out, HasSubstr("10.1.6.4"));
}

// azure-facts 1.4.6
TEST_F(Names, ServiceEndpointsCutTheirConnectionsWhenTheyAreTakenAway) {
  const std::string lab = lab_called("service-endpoints.yaml");
  apply(lab);
  Background session(
      machine_.ctl_command({"exec", "endpoint", "--", "bash", "-c",
                            "exec 3<>/dev/tcp/by-network.vault.azure.net/443; read -r line <&3; "
                            "echo first >&3; read -r line <&3; echo $line; read -r word; "
                            "echo $word >&3; read -r -t 3 line <&3 && echo $line || echo cut"}),
      "first");
  ASSERT_TRUE(session.ready());
  apply(replaced(lab, "serviceEndpoints: [Microsoft.KeyVault]", "serviceEndpoints: []"));
  session.say("second\n");
  EXPECT_TRUE(session.says("cut"));
  const json now =
      machine_.ctl_json({"explain", "endpoint", "tcp://by-network.vault.azure.net:443"});
  EXPECT_EQ(now.value("path", ""), "direct") << now;
}

}  // namespace
}  // namespace egress::e2e
