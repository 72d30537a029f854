// SPDX-License-Identifier: MIT
// The commands as users and scripts rely on them: what they print, and their exit status.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "tests/support/machine.hpp"

namespace egress::e2e {
namespace {

using namespace testing_support;

using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::Not;
using ::testing::StartsWith;

class Commands : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(machine_.start());
    lab_ = machine_.file("lab.yaml", contract_lab());
  }
  void apply() const { ASSERT_TRUE(machine_.apply(contract_lab())); }

  Machine machine_{};
  std::string lab_{};
};

TEST_F(Commands, ValidateNamesThePlaceOfEachFinding) {
  EXPECT_EQ(machine_.ctl({"validate", lab_}).status, 0);
  const std::string broken = machine_.file(
      "broken.yaml", replaced(replaced(contract_lab(), "priority: 100", "priority: 99"),
                              "serverFarm: plan", "serverFarm: plam"));
  const Outcome refused = machine_.ctl({"validate", broken});
  EXPECT_EQ(refused.status, 1);
  const std::string all = refused.out + refused.err;
  EXPECT_THAT(all, HasSubstr("broken.yaml:"));
  EXPECT_GE(std::count(all.begin(), all.end(), '\n'), 2);
  EXPECT_THAT(all, HasSubstr(": error: "));
  EXPECT_THAT(all, HasSubstr("plam"));
}

TEST_F(Commands, PlanTellsByItsExitStatusWhetherAnythingWouldChange) {
  EXPECT_EQ(machine_.ctl({"plan", lab_}).status, 0);
  EXPECT_EQ(machine_.ctl({"plan", "--detailed-exitcode", lab_}).status, 2);
  apply();
  EXPECT_EQ(machine_.ctl({"plan", "--detailed-exitcode", lab_}).status, 0);
  const std::string changed =
      machine_.file("changed.yaml", replaced(contract_lab(), "priority: 100", "priority: 200"));
  const Outcome plan = machine_.ctl({"plan", "--detailed-exitcode", changed});
  EXPECT_EQ(plan.status, 2);
  EXPECT_THAT(plan.out, HasSubstr("nsg-integration"));
}

TEST_F(Commands, StatusShowsAppsAndTheirAddresses) {
  apply();
  const Outcome table = machine_.ctl({"status"});
  EXPECT_EQ(table.status, 0);
  EXPECT_THAT(table.out, HasSubstr("web"));
  EXPECT_THAT(table.out, HasSubstr("10.1.1."));
  EXPECT_TRUE(machine_.ctl_json({"status"}).is_object());
}

TEST_F(Commands, EnvIsWhatTheAppGets) {
  apply();
  const Outcome environment = machine_.ctl({"env", "web"});
  EXPECT_EQ(environment.status, 0);
  EXPECT_THAT("\n" + environment.out, HasSubstr("\nGREETING=hello\n"));
  EXPECT_THAT("\n" + environment.out, HasSubstr("\nWEBSITE_PRIVATE_IP=10.1.1."));
  EXPECT_THAT("\n" + environment.out, HasSubstr("\nWEBSITE_SITE_NAME=web\n"));
  EXPECT_EQ(machine_.exec("web", {"printenv", "GREETING"}).out, "hello\n");
  EXPECT_THAT(environment.out,
              HasSubstr("WEBSITE_PRIVATE_IP=" +
                        machine_.exec("web", {"printenv", "WEBSITE_PRIVATE_IP"}).out));
  EXPECT_NE(machine_.ctl({"env", "web/1"}).out, environment.out);
}

TEST_F(Commands, ExecGivesTheAppsNetworkAndPassesStandardStreams) {
  apply();
  const Outcome links = machine_.exec("web", {"ip", "-o", "link"});
  EXPECT_THAT(links.out, HasSubstr("eth0"));
  EXPECT_THAT(links.out, HasSubstr("vnet0"));
  EXPECT_EQ(machine_.ctl({"exec", "web", "--", "cat"}, "through\n").out, "through\n");
  const Outcome both = machine_.exec("web", {"sh", "-c", "echo out; echo err >&2"});
  EXPECT_EQ(both.out, "out\n");
  EXPECT_EQ(both.err, "err\n");
}

// Of containers in App Service (docker's default), which cannot change their own network.
TEST_F(Commands, ExecGivesTheRightsOfAContainer) {
  apply();
  const auto exec = [&](Command command, bool privileged) {
    command.insert(command.begin(), "--");
    if (privileged) command.insert(command.begin(), "--privileged");
    command.insert(command.begin(), {"exec", "web"});
    return machine_.ctl(command).status == 0;
  };
  const std::string socket = machine_.socket();
  const std::vector<Command> forbidden = {
      {"ip", "link", "set", "dev", "lo", "mtu", "60000"},
      {"mount", "-t", "tmpfs", "none", "/mnt"},
      {"ip", "netns", "exec", "eg-host-sql", "true"},
      {"sh", "-c", "echo 1 >/proc/sys/net/ipv4/ip_forward"},
      {"test", "-S", socket},
      {"test", "-s", machine_.state_directory() + "/egressd.db"}};
  for (const Command& command : forbidden) {
    EXPECT_FALSE(exec(command, false)) << command.front() << " " << command.back();
    EXPECT_TRUE(exec(command, true)) << command.front() << " " << command.back();
  }
  EXPECT_TRUE(exec({"ping", "-c", "1", "127.0.0.1"}, false)) << "raw sockets stay";
  EXPECT_EQ(machine_.ctl({"exec", "--host", "sql", "--", "ip", "link", "set", "lo", "down"}).status,
            2);
}

TEST_F(Commands, ExecEndsAsItsProgramEnds) {
  apply();
  EXPECT_EQ(machine_.exec("web", {"true"}).status, 0);
  EXPECT_EQ(machine_.exec("web", {"sh", "-c", "exit 7"}).status, 7);
  EXPECT_EQ(machine_.exec("web", {"sh", "-c", "kill -TERM $$"}).status, 128 + SIGTERM);
}

TEST_F(Commands, ExecPassesSignalsAndLeavesNoProcess) {
  apply();
  Background sleeper(
      machine_.ctl_command({"exec", "web", "--", "sh", "-c", "echo started; exec sleep 98765"}),
      "started");
  ASSERT_TRUE(sleeper.ready());
  EXPECT_EQ(sleeper.end(SIGTERM), 128 + SIGTERM);
  EXPECT_TRUE(eventually([] { return processes_with("98765").empty(); }));
}

TEST_F(Commands, ExecRefusesAppsThatDoNotExist) {
  apply();
  for (const std::string app : {"nobody", "web/2"}) {
    const Outcome refused = machine_.exec(app, {"echo", "ran"});
    EXPECT_NE(refused.status, 0);
    EXPECT_EQ(refused.out, "");
    EXPECT_THAT(refused.err, HasSubstr(app.substr(0, app.find('/'))));
  }
}

TEST_F(Commands, ExecRunsProgramsOnMachinesOfTheLab) {
  apply();
  const auto on_host = [&](const std::string& host, Command command) {
    command.insert(command.begin(), {"exec", "--host", host, "--"});
    return machine_.ctl(command);
  };
  EXPECT_THAT(on_host("sql", {"ip", "-o", "-4", "addr"}).out, HasSubstr(" 10.1.2.4/"));
  EXPECT_EQ(on_host("sql", {"cat", "/etc/resolv.conf"}).out, "nameserver 168.63.129.16\n");
  EXPECT_EQ(on_host("sql", {"printenv", "WEBSITE_SITE_NAME"}).status, 1);
  EXPECT_EQ(on_host("sql", {"sh", "-c", "exit 7"}).status, 7);
  const Outcome unknown = on_host("sqll", {"true"});
  EXPECT_EQ(unknown.status, 125);
  EXPECT_THAT(unknown.err, HasSubstr("did you mean 'sql'?"));
}

TEST_F(Commands, ExplainSaysItByExitStatusAndJson) {
  apply();
  EXPECT_EQ(machine_.ctl({"explain", "web", "tcp://10.1.2.4:443"}).status, 0);
  EXPECT_EQ(machine_.ctl({"explain", "web", "tcp://10.1.2.4:1433"}).status, 1);
  EXPECT_EQ(machine_.ctl({"explain", "web", "tcp://10.9.9.9:443"}).status, 1);
  EXPECT_EQ(machine_.ctl({"explain", "web", "ftp://10.1.2.4"}).status, 2);
  const json denied = machine_.ctl_json({"explain", "web", "tcp://10.1.2.4:1433"});
  EXPECT_EQ(denied["verdict"], "Deny");
  EXPECT_EQ(denied["path"], "virtualNetwork");
  EXPECT_TRUE(denied["source"].is_null());
  EXPECT_EQ(denied["decidedBy"],
            json({{"stage", "networkSecurityGroup"}, {"name", "nsg-integration/deny-sql"}}));
  ASSERT_TRUE(denied["steps"].is_array() && !denied["steps"].empty());
  for (const json& step : denied["steps"]) {
    for (const char* key : {"stage", "where", "result", "reason"}) EXPECT_TRUE(step.contains(key));
  }
  EXPECT_EQ(machine_.ctl({"explain", "web", "tcp://www.example.com:443", "--verify"}).status, 0);
  EXPECT_EQ(machine_.ctl({"explain", "web", "tcp://10.1.2.4:1433", "--verify"}).status, 1);
}

TEST_F(Commands, ExplainWorksOnAFileWithoutADaemon) {
  machine_.stop();
  const json explained = machine_.ctl_json({"explain", "web", "tcp://10.1.2.4:443", "--lab", lab_});
  EXPECT_EQ(explained["verdict"], "Allow");
  EXPECT_EQ(explained["source"], "10.1.1.4");
  EXPECT_EQ(machine_.ctl({"explain", "web", "tcp://10.1.2.4:1433", "--lab", lab_}).status, 1);
  EXPECT_EQ(machine_.ctl({"validate", lab_}).status, 0);
  const Outcome away = machine_.ctl({"status"});
  EXPECT_NE(away.status, 0);
  EXPECT_EQ(away.out, "");
  EXPECT_NE(away.err, "");
}

TEST_F(Commands, TestPrintsTapAndJunit) {
  apply();
  const std::string report = machine_.file("report.xml", "");
  const Outcome tested = machine_.ctl({"test", lab_, "--junit", report});
  EXPECT_EQ(tested.status, 0) << tested.out << tested.err;
  EXPECT_THAT("\n" + tested.out, HasSubstr("\n1..3\n"));
  EXPECT_THAT("\n" + tested.out, HasSubstr("\nok 3"));
  EXPECT_THAT("\n" + tested.out, Not(HasSubstr("\nnot ok")));
  EXPECT_THAT(read_file(report), HasSubstr("<testsuite"));
  EXPECT_THAT(read_file(report), Not(HasSubstr("<failure")));
}

TEST_F(Commands, TestFailsWhenAnExpectationDoes) {
  apply();
  const std::string wrong =
      machine_.file("wrong.yaml", replaced(contract_lab(), "expect: deny, ", "expect: allow,"));
  const Outcome tested = machine_.ctl({"test", wrong});
  EXPECT_EQ(tested.status, 1);
  EXPECT_THAT("\n" + tested.out, HasSubstr("\nnot ok 1"));
  EXPECT_THAT("\n" + tested.out, HasSubstr("\nok 2"));
  std::string nothing = contract_lab();
  nothing.erase(nothing.find("expectations:"));
  EXPECT_EQ(machine_.ctl({"test", machine_.file("nothing.yaml", nothing)}).status, 2);
}

TEST_F(Commands, EffectiveRoutesLookAsNetworkWatcherPrintsThem) {
  apply();
  const Outcome table = machine_.ctl({"effective-routes", "web"});
  EXPECT_EQ(table.status, 0);
  for (const char* text : {"Source", "State", "Address Prefix", "Next Hop Type", "Next Hop IP",
                           "VirtualAppliance", "10.0.1.4", "VNetPeering", "VnetLocal", "Invalid"}) {
    EXPECT_THAT(table.out, HasSubstr(text));
  }
  const std::string text = machine_.ctl_json({"effective-routes", "web"}).dump();
  EXPECT_THAT(text, HasSubstr("\"addressPrefix\""));
  EXPECT_THAT(text, HasSubstr("via-firewall/default"));
}

TEST_F(Commands, EffectiveRulesShowUserAndDefaultRules) {
  apply();
  const Outcome table = machine_.ctl({"effective-rules", "web"});
  EXPECT_EQ(table.status, 0);
  for (const char* text :
       {"deny-sql", "AllowVnetOutBound", "AllowInternetOutBound", "DenyAllOutBound", "65500"}) {
    EXPECT_THAT(table.out, HasSubstr(text));
  }
}

TEST_F(Commands, NetworkWatchersQuestionsGetItsAnswers) {
  apply();
  const Command flow = {"ip-flow-verify", "web", "--remote", "10.1.2.4:1433"};
  EXPECT_EQ(machine_.ctl(flow).status, 0);
  EXPECT_EQ(machine_.ctl_json(flow),
            json({{"access", "Deny"}, {"ruleName", "securityRules/deny-sql"}}));
  EXPECT_EQ(machine_.ctl_json({"ip-flow-verify", "web/1", "--direction", "inbound", "--protocol",
                               "udp", "--remote", "8.8.8.8:53", "--local-port", "40000"}),
            json({{"access", "Allow"}, {"ruleName", "defaultSecurityRules/AllowVnetInBound"}}));
  EXPECT_EQ(machine_.ctl_json({"next-hop", "web", "93.184.216.34"}),
            json({{"nextHopType", "VirtualAppliance"},
                  {"nextHopIpAddress", "10.0.1.4"},
                  {"routeTableId", "via-firewall"}}));
  EXPECT_EQ(machine_.ctl({"next-hop", "nobody", "10.1.2.4"}).status, 3);
}

TEST_F(Commands, ResolveSaysWhatANameMeansAndTheAppsResolverAgrees) {
  apply();
  const json found = machine_.ctl_json({"resolve", "web", "www.example.com", "--verify"});
  EXPECT_EQ(found["status"], "NOERROR");
  EXPECT_EQ(found["addresses"], json({"93.184.216.34"}));
  EXPECT_EQ(found["observed"]["agrees"], true) << found.dump();
  EXPECT_EQ(machine_.ctl({"resolve", "web", "www.example.com", "--verify"}).status, 0);
  EXPECT_EQ(machine_.ctl({"resolve", "web", "nobody.example", "--verify"}).status, 1);
  EXPECT_EQ(machine_.ctl({"resolve", "nobody", "www.example.com"}).status, 3);
}

TEST_F(Commands, DependenciesNameWhatBlocksThem) {
  const Outcome applied = machine_.ctl(
      {"apply", machine_.file("needing.yaml",
                              replaced(contract_lab(), "serverFarm: plan",
                                       "dependencies: [tcp://10.1.2.4:1433, tcp://10.1.2.4:443]\n"
                                       "    serverFarm: plan"))});
  ASSERT_EQ(applied.status, 0) << applied.err;
  EXPECT_EQ(machine_.ctl({"dependencies", "web"}).status, 1);
  const json needed = machine_.ctl_json({"dependencies", "web"})["dependencies"];
  EXPECT_EQ(needed[0]["ok"], false);
  EXPECT_EQ(needed[0]["blockedBy"]["name"], "nsg-integration/deny-sql");
  EXPECT_EQ(needed[1]["ok"], true);
}

TEST_F(Commands, LeasesNameEachInstance) {
  apply();
  const Outcome leases = machine_.ctl({"leases", "spoke/integration"});
  EXPECT_EQ(leases.status, 0);
  EXPECT_THAT(leases.out, HasSubstr("10.1.1.4"));
  EXPECT_THAT(leases.out, HasSubstr("10.1.1.5"));
  EXPECT_THAT(leases.out, HasSubstr("\n59 usable, 2 held, 0 waiting for release\n"));
  EXPECT_NE(machine_.ctl({"leases", "spoke/nowhere"}).status, 0);
}

TEST_F(Commands, GraphIsDotOrMermaid) {
  apply();
  EXPECT_THAT(machine_.ctl({"graph", "-o", "dot"}).out, HasSubstr("digraph"));
  EXPECT_THAT(machine_.ctl({"graph", "-o", "mermaid"}).out, HasSubstr("spoke"));
}

TEST_F(Commands, AnswersOnlyBeforeALabThatThereIsNone) {
  for (const Command& command : {Command{"env", "web"}, Command{"effective-routes", "web"},
                                 Command{"explain", "web", "tcp://10.1.2.4:443"}}) {
    const Outcome refused = machine_.ctl(command);
    EXPECT_NE(refused.status, 0) << command.front();
    EXPECT_EQ(refused.out, "") << command.front();
    EXPECT_NE(refused.err, "") << command.front();
  }
}

TEST_F(Commands, NothingButResultsIsOnStandardOutput) {
  const Outcome applied = machine_.ctl({"apply", lab_});
  EXPECT_EQ(applied.status, 0);
  EXPECT_THAT(applied.out + applied.err, Not(HasSubstr("\x1b[")));
  EXPECT_TRUE(machine_.ctl_json({"status"}).is_object());
  EXPECT_THAT(machine_.ctl({"status"}).out, Not(HasSubstr("\x1b[")));
}

TEST_F(Commands, HelpAndVersionNeedNoDaemon) {
  machine_.stop();
  EXPECT_EQ(machine_.ctl({"--help"}).status, 0);
  EXPECT_THAT(run({EGRESSD_PROGRAM, "--version"}).out, MatchesRegex("egressd [0-9.]+\n"));
  for (const char* command : {"validate",
                              "plan",
                              "apply",
                              "status",
                              "exec",
                              "env",
                              "authority",
                              "explain",
                              "effective-routes",
                              "effective-rules",
                              "ip-flow-verify",
                              "next-hop",
                              "resolve",
                              "dependencies",
                              "test",
                              "leases",
                              "graph",
                              "restart",
                              "down",
                              "scale",
                              "connect",
                              "disconnect",
                              "delete",
                              "set",
                              "unset",
                              "purge",
                              "export"}) {
    EXPECT_EQ(machine_.ctl({command, "--help"}).status, 0) << command;
  }
  EXPECT_EQ(machine_.ctl({"no-such-command"}).status, 2);
}

TEST_F(Commands, RestartGivesTheAppNewInterfacesAndKeepsItsAddress) {
  apply();
  const auto link = [&] {
    return machine_.exec("web", {"sh", "-c", "ip -o link | grep -o 'vnet0[^@:]*'"}).out;
  };
  const std::string before = link();
  ASSERT_THAT(before, StartsWith("vnet0"));
  EXPECT_EQ(machine_.ctl({"restart", "web"}).status, 0);
  EXPECT_THAT(link(), StartsWith("vnet0"));
  EXPECT_NE(link(), before);
  EXPECT_EQ(machine_.ctl({"status"}).status, 0);
  EXPECT_EQ(machine_.exec("web", {"printenv", "WEBSITE_PRIVATE_IP"}).out, "10.1.1.4\n");
}

}  // namespace
}  // namespace egress::e2e
