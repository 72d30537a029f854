// SPDX-License-Identifier: MIT
#include "egressctl/command_line.hpp"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <thread>

#include "egressctl/commands/commands.hpp"
#include "tests/support/folder.hpp"
#include "tests/support/small_lab.hpp"
#include "tests/unit/egressctl/outcome.hpp"

namespace egress::ctl {
namespace {

using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

class CommandLineTest : public testing::Test {
 protected:
  CommandLineTest() {
    lab_ = file_with("lab.yaml", testing_support::small_lab());
    socket_ = "--socket=" + (folder_ / "no-such-socket");
  }

  std::string file_with(const std::string& name, const std::string& text) const {
    return folder_.write(name, text);
  }

  testing_support::Folder folder_{};
  std::string lab_;
  std::string socket_;
};

TEST_F(CommandLineTest, ExplainsWithoutADaemonAndExitsByTheVerdict) {
  const Outcome allowed = run({"explain", "web", "tcp://sql:443", "--lab", lab_.c_str()});
  EXPECT_EQ(allowed.exit, 0);
  EXPECT_THAT(allowed.out, HasSubstr("ALLOWED by nsg/AllowVnetOutBound"));
  const Outcome denied =
      run({"explain", "web/0", "tcp://10.1.2.4:1433", "--lab", lab_.c_str(), "-o", "json"});
  EXPECT_EQ(denied.exit, 1);
  const Json json = Json::parse(denied.out);
  EXPECT_EQ(json["verdict"], "Deny");
  EXPECT_EQ(json["decidedBy"]["name"], "nsg/deny-sql");
}

TEST_F(CommandLineTest, AssumesTheAddressThatTheNextLeaseWouldBe) {
  const Outcome outcome =
      run({"-o", "json", "explain", "web", "tcp://sql:443", "--lab", lab_.c_str()});
  EXPECT_EQ(Json::parse(outcome.out)["source"], "10.1.1.4");
}

TEST_F(CommandLineTest, TellsWrongUrlsFromUnknownNames) {
  EXPECT_EQ(run({"explain", "web", "tcp://sql", "--lab", lab_.c_str()}).exit, 2);
  const Outcome unknown = run({"explain", "web", "tcp://sqll:443", "--lab", lab_.c_str()});
  EXPECT_EQ(unknown.exit, 1);
  EXPECT_THAT(unknown.out, HasSubstr("UNRESOLVED: sqll has no address for web/0 (NXDOMAIN by "));
  const Outcome site = run({"explain", "wbe", "tcp://sql:443", "--lab", lab_.c_str()});
  EXPECT_EQ(site.exit, 3);
  EXPECT_THAT(site.err, HasSubstr("hint: did you mean 'web'?"));
}

TEST_F(CommandLineTest, ResolvesWithoutADaemonAndExitsByTheAnswer) {
  const Outcome found = run({"resolve", "web", "sql", "--lab", lab_.c_str()});
  EXPECT_EQ(found.exit, 0);
  EXPECT_THAT(found.out, StartsWith("web/0: sql A\n10.1.2.4\n"));
  EXPECT_EQ(run({"resolve", "web", "sql", "--type", "txt", "--lab", lab_.c_str()}).exit, 1);
  EXPECT_EQ(run({"resolve", "web", "nobody.example", "--lab", lab_.c_str()}).exit, 1);
  EXPECT_EQ(run({"resolve", "web", "a..b", "--lab", lab_.c_str()}).exit, 2);
  EXPECT_EQ(run({"resolve", "web", "sql", "--type", "B", "--lab", lab_.c_str()}).exit, 2);
  EXPECT_EQ(run({"resolve", "web", "sql", "--verify", "--lab", lab_.c_str()}).exit, 2);
  const Outcome site = run({"resolve", "wbe", "sql", "--lab", lab_.c_str()});
  EXPECT_EQ(site.exit, 3);
  EXPECT_THAT(site.err, HasSubstr("hint: did you mean 'web'?"));
}

TEST_F(CommandLineTest, PredictsAStartAndExitsByWhetherTheAppRuns) {
  const auto lab_pulling = [&](const std::string& routing) {
    std::string text = testing_support::small_lab();
    const std::string site = "web: {";
    text.insert(text.find(site) + site.size(), "linuxFxVersion: 'DOCKER|sql:443/web', " + routing);
    return file_with("pulling.yaml", text);
  };
  const std::string by_network = lab_pulling("outboundVnetRouting: {imagePullTraffic: true}, ");
  const Outcome runs = run({"startup", "web", "--lab", by_network.c_str()});
  EXPECT_EQ(runs.exit, 0) << runs.err;
  EXPECT_THAT(runs.out, StartsWith("web/0: running\n\nimage-pull  sql:443/web  ok\n"));
  EXPECT_EQ(run({"startup", "web/0", "--lab", lab_.c_str()}).exit, 0) << "asks for nothing";
  const std::string in_public = lab_pulling("");
  const Outcome fails = run({"startup", "web", "--lab", in_public.c_str(), "-o", "json"});
  EXPECT_EQ(fails.exit, 1) << fails.err;
  EXPECT_EQ(Json::parse(fails.out)["failedStep"], "image-pull");
  EXPECT_EQ(run({"startup", "web", socket_.c_str()}).exit, 3) << "no daemon to ask";
  EXPECT_EQ(run({"backup", "web", socket_.c_str()}).exit, 3);
  const Outcome site = run({"startup", "wbe", "--lab", lab_.c_str()});
  EXPECT_EQ(site.exit, 3);
  EXPECT_THAT(site.err, HasSubstr("hint: did you mean 'web'?"));
}

TEST(ExitOfResolution, IsNoForAliasesThatLeadToNothing) {
  Json resolution = Json::parse(R"({"type": "A", "answeredBy": "10.0.0.4", "servers": [
    {"server": "10.0.0.4", "chain": [{"type": "CNAME"}]}]})");
  EXPECT_EQ(exit_of_resolution(resolution), 1);
  resolution["type"] = "CNAME";
  EXPECT_EQ(exit_of_resolution(resolution), 0);
  resolution["answeredBy"] = nullptr;
  EXPECT_EQ(exit_of_resolution(resolution), 1);
  resolution["observed"] = {{"agrees", false}};
  EXPECT_EQ(exit_of_resolution(resolution), 4);
}

TEST_F(CommandLineTest, ValidatesWithEveryFindingOnStandardOutput) {
  EXPECT_EQ(run({"validate", lab_.c_str()}).exit, 0);
  const std::string broken =
      file_with("broken.yaml", "sites:\n  web: {serverFarms: plan}\nhosst: {}\n");
  const Outcome outcome = run({"validate", broken.c_str()});
  EXPECT_EQ(outcome.exit, 1);
  EXPECT_THAT(outcome.out, StartsWith(broken + ":2:9: error: "));
  EXPECT_THAT(outcome.out, HasSubstr("\n" + broken + ":3:1: error: "));
  const Json json = Json::parse(run({"validate", broken.c_str(), "-o", "json"}).out);
  EXPECT_EQ(json["valid"], false);
  EXPECT_EQ(json["findings"][0]["line"], 2);
}

TEST_F(CommandLineTest, DecidesForAClassOfTraffic) {
  const std::string lab = file_with("traffic.yaml", testing_support::small_lab() + R"(
services: {images: {type: Microsoft.ContainerRegistry/registries, ipAddress: 20.61.97.140,
                    names: [images.azurecr.io]}}
privateDnsZones: {corp.example: {virtualNetworkLinks: {spoke: {}},
                                 recordSets: {db: {A: [10.1.2.4]}}}}
expectations: [{from: web, to: 'tcp://images.azurecr.io:443', traffic: image-pull, expect: allow}]
)");
  const auto pull = [&](const char* traffic) {
    return run({"explain", "web", "tcp://images.azurecr.io:443", "--traffic", traffic, "--lab",
                lab.c_str(), "-o", "json"});
  };
  EXPECT_EQ(Json::parse(pull("image-pull").out)["decidedBy"]["name"], "imagePullTraffic");
  EXPECT_EQ(Json::parse(pull("image-pull").out)["flow"]["traffic"], "image-pull");
  EXPECT_EQ(Json::parse(pull("application").out)["flow"]["traffic"], "application");
  EXPECT_EQ(pull("images").exit, 2);
  const auto resolve = [&](const char* traffic) {
    return run({"resolve", "web", "db.corp.example", "--traffic", traffic, "--lab", lab.c_str()});
  };
  EXPECT_EQ(resolve("application").exit, 0);
  EXPECT_EQ(resolve("image-pull").exit, 1) << "a class that is off sees public names alone";
  const Outcome tested = run({"test", "--lab", lab.c_str()});
  EXPECT_THAT(tested.out,
              HasSubstr("\nok 1 - web/0 image-pull -> tcp://images.azurecr.io:443 is Allow"));
}

TEST_F(CommandLineTest, ReadsALabFromAPipeAndNothingThatTheLabNames) {
  const std::string pipe = folder_ / "pipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  std::thread writer([&] { std::ofstream(pipe) << "serviceTags: pipe\n"; });
  const Outcome outcome = run({"validate", pipe.c_str()});
  writer.join();
  EXPECT_EQ(outcome.exit, 1);
  EXPECT_THAT(outcome.out, HasSubstr("cannot read 'pipe': it is a pipe, a device or a socket"));
  EXPECT_THAT(run({"validate", folder_.path().c_str()}).err, HasSubstr("Is a directory"));
}

TEST_F(CommandLineTest, TestsByAnalysisAlone) {
  const std::string holding = file_with(
      "holding.yaml", testing_support::small_lab() +
                          "expectations: [{from: web, to: 'tcp://sql:443', expect: allow}]\n");
  const std::string failing = file_with(
      "failing.yaml", testing_support::small_lab() +
                          "expectations: [{from: web, to: 'tcp://sql:1433', expect: allow}]\n");
  const std::string junit = folder_ / "junit.xml";
  EXPECT_EQ(run({"test", "--lab", holding.c_str()}).exit, 0);
  const Outcome failed = run({"test", "--lab", failing.c_str(), "--junit", junit.c_str()});
  EXPECT_EQ(failed.exit, 1);
  EXPECT_THAT(failed.out, HasSubstr("\nnot ok 1 - web/0 -> tcp://sql:1433 is Allow\n"));
  std::ifstream report(junit);
  EXPECT_THAT(std::string(std::istreambuf_iterator<char>(report), {}), HasSubstr("failures=\"1\""));
  EXPECT_EQ(run({"test", "--lab", lab_.c_str()}).exit, 2);
}

TEST_F(CommandLineTest, ExecAnswersForItselfWithAStatusThatNoProgramHas) {
  for (const char* where : {"web", "--host=sql"}) {
    const Outcome outcome = run({"exec", socket_.c_str(), where, "--", "true"});
    EXPECT_EQ(outcome.exit, 125);
    EXPECT_THAT(outcome.err, StartsWith("egressctl: error[daemon-unreachable]: "));
  }
}

TEST_F(CommandLineTest, GivesErrorsAsJsonWhenAsked) {
  const Outcome trouble = run({"status", "-o", "json", socket_.c_str()});
  EXPECT_EQ(Json::parse(trouble.err)["error"]["code"], "daemon-unreachable");
  const Outcome usage = run({"explain", "--output=json", "--no-such-option"});
  EXPECT_EQ(usage.exit, 2);
  EXPECT_EQ(Json::parse(usage.err)["error"]["code"], "usage");
}

TEST_F(CommandLineTest, TakesNamesOfCommandsForSites) {
  const std::string lab = file_with("names.yaml",
                                    "outboundIpAddresses: [20.50.1.4]\nserverFarms: {plan: {}}\n"
                                    "sites: {status: {serverFarm: plan}}\n"
                                    "hosts: {test: {internet: true, ipAddress: 93.184.216.34, "
                                    "listen: [tcp/443]}}\n");
  EXPECT_EQ(run({"explain", "status", "tcp://test:443", "--lab", lab.c_str()}).exit, 0);
}

TEST_F(CommandLineTest, RefusesWrongUsage) {
  EXPECT_EQ(run({}).exit, 2);
  EXPECT_EQ(run({"explain", "web/x", "tcp://sql:443"}).exit, 2);
  EXPECT_EQ(run({"explain", "web", "tcp://sql:443", "--verify", "--lab", lab_.c_str()}).exit, 2);
  EXPECT_EQ(run({"status", "-o", "dot"}).exit, 2);
  EXPECT_EQ(run({"ip-flow-verify", "web"}).exit, 2);
  EXPECT_EQ(run({"ip-flow-verify", "web", "--remote", "10.1.2.4"}).exit, 2);
  EXPECT_EQ(run({"ip-flow-verify", "web", "--remote", "10.1.2.4:65536"}).exit, 2);
  EXPECT_EQ(
      run({"ip-flow-verify", "web", "--remote", "10.1.2.4:1", "--direction", "sideways"}).exit, 2);
  EXPECT_EQ(run({"next-hop", "web", "sql"}).exit, 2);
  EXPECT_EQ(run({"clock", "back"}).exit, 2);
  EXPECT_THAT(run({"scale", "plan"}).err, HasSubstr("scale takes --capacity, --sku or both"));
  EXPECT_EQ(run({"scale", "plan"}).exit, 2);
  EXPECT_EQ(run({"scale", "plan", "--capacity", "-1"}).exit, 2);
  EXPECT_EQ(run({"scale", "--capacity", "3"}).exit, 2);
  EXPECT_EQ(run({"connect", "web", "spoke"}).exit, 2);
  EXPECT_EQ(run({"connect", "web", "spoke/apps", "--create", "10.1.3.1/27"}).exit, 2);
  EXPECT_EQ(run({"delete", "subnet", "apps"}).exit, 2);
  EXPECT_THAT(run({"delete", "subnets", "spoke/apps"}).err, HasSubstr("'subnet'"));
  EXPECT_EQ(run({"set", "location"}).exit, 2);
  EXPECT_EQ(run({"purge", "spoke/apps/x"}).exit, 2);
  EXPECT_EQ(run({"clock", "advance"}).exit, 2);
  EXPECT_EQ(run({"clock", "advance", "tomorrow"}).exit, 2);
  EXPECT_EQ(run({"exec"}).exit, 125);
  EXPECT_EQ(run({"exec", "web"}).exit, 125);
  EXPECT_THAT(run({"exec", "--", "true"}).err, HasSubstr("no app and no host"));
  EXPECT_THAT(run({"exec", "--host", "sql"}).err,
              HasSubstr("egressctl exec --host sql -- COMMAND..."));
  EXPECT_EQ(run({"exec", "web", "--host", "sql", "--", "true"}).exit, 125);
}

TEST_F(CommandLineTest, TellsWhatIsEmulatedWithoutADaemon) {
  const Outcome table = run({"about", "--coverage"});
  EXPECT_EQ(table.exit, 0);
  EXPECT_THAT(table.out,
              AllOf(HasSubstr("I1  done  One integration interface"), HasSubstr("\nL8  ")));
  const Outcome document = run({"-o", "json", "about", "--coverage"});
  const auto rows = Json::parse(document.out).at("coverage");
  EXPECT_EQ(rows.size(), 39U) << "I, A, C, N, D and L of the conformance table";
  for (const auto& row : rows) {
    EXPECT_FALSE(row.at("what").get<std::string>().empty()) << row.dump();
    const auto state = row.at("state").get<std::string>();
    if (state != "done") {
      EXPECT_FALSE(row.at("notes").get<std::string>().empty()) << row.dump();
    }
  }
  EXPECT_THAT(run({"about"}).out, HasSubstr("about --coverage"));
}

TEST_F(CommandLineTest, RefusesAFormThatAnAnswerDoesNotHave) {
  EXPECT_THAT(run({"status", "-o", "dot"}).err, HasSubstr("-o dot is of graph alone"));
  const Outcome nameless = run({"-o", "name", "clock"});
  EXPECT_EQ(nameless.exit, 2);
  EXPECT_THAT(nameless.err, HasSubstr("-o name is of commands that list something"));
  EXPECT_EQ(run({"-o", "dot", "graph", socket_.c_str()}).exit, 3) << "it is the daemon that lacks";
  EXPECT_THAT(run({"status", "-o", "yaml", socket_.c_str()}).err,
              StartsWith("error:\n  code: daemon-unreachable\n"));
}

TEST_F(CommandLineTest, ValidatesSeveralFilesAndEndsAsTheWorst) {
  const std::string bad = file_with("bad.yaml", "sites: 7\n");
  const Outcome both = run({"validate", lab_.c_str(), bad.c_str()});
  EXPECT_EQ(both.exit, 1);
  EXPECT_THAT(both.err, HasSubstr("lab.yaml: valid\n"));
  EXPECT_THAT(both.out, HasSubstr("bad.yaml:1:8: error: "));
}

TEST_F(CommandLineTest, KnowsItsVersionWithoutADaemon) {
  const Outcome alone = run({"version", socket_.c_str()});
  EXPECT_EQ(alone.exit, 0);
  EXPECT_THAT(alone.out, ContainsRegex("egressctl  [0-9.]+ .api 1.\negressd    none answers\n"));
}

TEST_F(CommandLineTest, WarnsOfWhatAFlowMeetsThatIsNotEmulated) {
  std::string text = testing_support::small_lab();
  const std::string place = "addressPrefix: 10.1.2.0/24";
  text.replace(text.find(place), place.size(), place + ", serviceEndpointPolicies: [p]");
  const std::string hosts = "hosts: {";
  text.replace(text.find(hosts), hosts.size(),
               hosts + "far: {internet: true, ipAddress: 203.0.113.9}, ");
  const std::string lab = file_with("warned.yaml", text);
  const Outcome concerned = run({"explain", "web", "tcp://sql:443", "--lab", lab.c_str()});
  EXPECT_THAT(concerned.out, HasSubstr("serviceEndpointPolicies")) << concerned.err;
  const Json json =
      Json::parse(run({"explain", "web", "tcp://sql:443", "--lab", lab.c_str(), "-o", "json"}).out);
  EXPECT_EQ(json["warnings"].size(), 1U);
  const Outcome stranger =
      run({"explain", "host/far", "tcp://20.50.1.4:443", "--lab", lab.c_str()});
  EXPECT_THAT(stranger.out, testing::Not(HasSubstr("serviceEndpointPolicies")));
  EXPECT_EQ(Json::parse(run({"validate", "-o", "json", lab.c_str()}).out)["warnings"].size(), 1U);
}

TEST_F(CommandLineTest, SaysWhatIsWrongWithAWordThatIsNoCommand) {
  const Outcome misspelt = run({"-o", "table", "statsu"});
  EXPECT_EQ(misspelt.exit, 2);
  EXPECT_THAT(misspelt.err, HasSubstr("no command 'statsu'"));
  EXPECT_THAT(misspelt.err, HasSubstr("did you mean 'status'?"));
  EXPECT_THAT(run({"--foo"}).err, HasSubstr("no option '--foo' of all commands"));
  EXPECT_THAT(run({"--output=json", "nothing"}).out + run({"--output=json", "nothing"}).err,
              HasSubstr(R"("no command 'nothing'")"));
  const Outcome program = run({"exec", "shop", "ls", "-la"});
  EXPECT_EQ(program.exit, 125);
  EXPECT_THAT(program.err, HasSubstr("stand behind --"));
  EXPECT_THAT(program.err, HasSubstr("egressctl exec SITE -- CMD..."));
}

TEST_F(CommandLineTest, PrintsHelpWhenNothingElseIsAsked) {
  const Outcome bare = run({});
  EXPECT_EQ(bare.exit, 2);
  EXPECT_THAT(bare.err, HasSubstr("Usage: egressctl"));
  EXPECT_EQ(run({"help"}).out, run({"--help"}).out);
  EXPECT_EQ(run({"help", "explain"}).out, run({"explain", "--help"}).out);
  EXPECT_EQ(run({"help", "clock", "advance"}).out, run({"clock", "advance", "--help"}).out);
  EXPECT_THAT(run({"help", "statsu"}).err, HasSubstr("no command 'statsu'"));
  for (const char* debris : {"Excludes:", "Needs:", ":{"}) {
    EXPECT_THAT(run({"help", "explain"}).out + run({"help", "completion"}).out,
                testing::Not(HasSubstr(debris)));
  }
}

TEST_F(CommandLineTest, HelpsWithExamplesAndExitStatusForEveryCommand) {
  const CommandLine line;
  for (const CLI::App* command : line.app().get_subcommands({})) {
    const Outcome outcome = run({command->get_name().c_str(), "--help"});
    EXPECT_EQ(outcome.exit, 0);
    EXPECT_THAT(outcome.out, HasSubstr("egressctl " + command->get_name()));
    EXPECT_THAT(outcome.out, HasSubstr("Example"));
  }
  EXPECT_THAT(run({"--version"}).out, StartsWith("egressctl "));
}

}  // namespace
}  // namespace egress::ctl
