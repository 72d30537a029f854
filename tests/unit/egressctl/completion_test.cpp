// SPDX-License-Identifier: MIT
#include "egressctl/completion.hpp"

#include <gmock/gmock.h>

#include "egressctl/command_line.hpp"
#include "tests/support/lab_from.hpp"

namespace egress::ctl {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::IsSupersetOf;
using ::testing::Not;
using Words = std::vector<std::string>;

constexpr const char* kLab = R"(
virtualNetworks:
  hub: {addressPrefixes: [10.0.0.0/16], subnets: {data: {addressPrefix: 10.0.2.0/24}}}
  spoke:
    addressPrefixes: [10.1.0.0/16]
    subnets:
      apps: {addressPrefix: 10.1.1.0/26, delegations: [Microsoft.Web/serverFarms]}
serverFarms: {plan: {capacity: 2}}
sites:
  web: {serverFarm: plan, virtualNetworkSubnet: spoke/apps, slots: {staging: {}}}
  worker: {serverFarm: plan}
hosts: {sql: {subnet: hub/data, ipAddress: 10.0.2.4}}
)";

Words completed(const Words& words) {
  const CommandLine line;
  return completions(line.app(), words, [] { return testing_support::lab_from(kLab); });
}

// Where nobody may ask the daemon.
Words completed_alone(const Words& words) {
  const CommandLine line;
  return completions(line.app(), words, []() -> std::optional<lab::Lab> {
    ADD_FAILURE() << "no name of a lab is meant";
    return std::nullopt;
  });
}

TEST(Completion, BeginsWithEveryCommand) {
  const CommandLine line;
  const Words all = completed_alone({""});
  for (const CLI::App* command : line.app().get_subcommands({})) {
    if (command->get_group().empty()) continue;
    EXPECT_THAT(all, Contains(command->get_name()));
  }
  EXPECT_THAT(all, Not(Contains("complete"))) << "which is for the scripts";
  EXPECT_THAT(completed_alone({"eff"}), ElementsAre("effective-routes", "effective-rules"));
  EXPECT_THAT(completed_alone({"clock", ""}), ElementsAre("advance"));
}

TEST(Completion, KnowsTheOptionsOfACommandAndThoseOfAll) {
  EXPECT_THAT(completed_alone({"explain", "--so"}), ElementsAre("--socket", "--source-port"));
  EXPECT_THAT(completed_alone({"explain", "--traffic", "image"}), ElementsAre("image-pull"));
  EXPECT_THAT(completed_alone({"-o", ""}),
              ElementsAre("dot", "json", "mermaid", "name", "table", "wide", "yaml"));
  EXPECT_THAT(completed_alone({"status", "--out"}), ElementsAre("--output"));
}

TEST(Completion, HasTheNamesOfTheLabInForce) {
  EXPECT_THAT(completed({"restart", "w"}), ElementsAre("web", "web-staging", "worker"));
  EXPECT_THAT(completed({"env", "worker/"}), ElementsAre("worker/0", "worker/1"));
  EXPECT_THAT(completed({"-o", "json", "explain", "h"}), ElementsAre("host/sql"));
  EXPECT_THAT(completed({"connect", "web", ""}), ElementsAre("hub/data", "spoke/apps"));
  EXPECT_THAT(completed({"scale", ""}), ElementsAre("plan"));
  EXPECT_THAT(completed({"swap", "web", ""}), ElementsAre("staging"));
  EXPECT_THAT(completed({"exec", "--host", ""}), ElementsAre("sql"));
  EXPECT_THAT(completed({"effective-rules", ""}), IsSupersetOf({"web", "host/sql", "spoke/apps"}));
}

TEST(Completion, DeletesByKindAndName) {
  EXPECT_THAT(completed_alone({"delete", "virtualNetw"}),
              ElementsAre("virtualNetwork", "virtualNetworkGateway", "virtualNetworkLink",
                          "virtualNetworkPeering"));
  EXPECT_THAT(completed({"delete", "subnet", "spoke/"}), ElementsAre("spoke/apps"));
  EXPECT_THAT(completed({"delete", "host", ""}), ElementsAre("sql"));
  EXPECT_THAT(completed({"delete", "nothing", ""}), IsEmpty());
}

TEST(Completion, LeavesFilesAndFreeTextToTheShell) {
  EXPECT_THAT(completed_alone({"apply", ""}), IsEmpty());
  EXPECT_THAT(completed_alone({"exec", "web", "--", "cu"}), IsEmpty());
  EXPECT_THAT(completed_alone({"explain", "web", "tcp"}), IsEmpty());
  EXPECT_THAT(completed_alone({"nothing", "--traffic"}), IsEmpty());
}

TEST(Completion, HasAScriptForEachShell) {
  for (const std::string& shell : shells()) {
    EXPECT_THAT(*completion_script(shell), ::testing::HasSubstr("complete -- ")) << shell;
  }
  EXPECT_FALSE(completion_script("csh"));
}

}  // namespace
}  // namespace egress::ctl
