// SPDX-License-Identifier: MIT
// The tools that stand in every app, with the words that those of the real console have.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/support/machine.hpp"

namespace egress::e2e {
namespace {

using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using namespace testing_support;

class AppTools : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(machine_.start());
    ASSERT_TRUE(machine_.apply(contract_lab()));
  }

  Machine machine_{};
};

TEST_F(AppTools, TcppingConnectsFourTimesAndSaysHowLongItTook) {
  const Outcome pinged = machine_.exec("web", {"tcpping", "sql:443"});
  EXPECT_EQ(pinged.status, 0);
  EXPECT_THAT(pinged.out, MatchesRegex("(Connected to sql:443, time taken: [0-9]+ms\n){4}"
                                       "Complete: 4/4 successful attempts \\(100%\\)\\. "
                                       "Average success time: [0-9.]+ms\n"));
}

TEST_F(AppTools, TcppingTellsTheWaysToFailApart) {
  constexpr const char* kNone =
      "Complete: 0/1 successful attempts (0%). Average success time: 0ms\n";
  const std::vector<std::pair<std::string, std::string>> cases{
      {"10.1.2.4:1433", "Connection attempt failed: Connection timed out.\n"},
      {"10.1.2.4:444", "Connection attempt failed: Connection refused.\n"},
      {"nobody.example:443", "Connection attempt failed: No such host is known\n"}};
  for (const auto& [target, words] : cases) {
    const Outcome pinged = machine_.exec("web", {"tcpping", target, "-n", "1"});
    EXPECT_EQ(pinged.status, 1) << target;
    EXPECT_EQ(pinged.out, words + kNone);
  }
}

TEST_F(AppTools, TcppingRefusesWhatIsNoTarget) {
  for (const Command& command :
       {Command{"tcpping"}, Command{"tcpping", "sql"}, Command{"tcpping", ":443"},
        Command{"tcpping", "sql:0"}, Command{"tcpping", "sql:443", "-n", "0"},
        Command{"tcpping", "sql:443", "-n"}}) {
    const Outcome refused = machine_.exec("web", command);
    EXPECT_EQ(refused.status, 2);
    EXPECT_THAT(refused.err, HasSubstr("Usage: tcpping HOST:PORT"));
  }
}

TEST_F(AppTools, NameresolverSaysWhatTheAppsResolverSays) {
  const Outcome found = machine_.exec("web", {"nameresolver", "www.example.com"});
  EXPECT_EQ(found.status, 0);
  EXPECT_EQ(found.out,
            "Server: 127.0.0.11\n"
            "\n"
            "Non-authoritative answer:\n"
            "Name: www.example.com\n"
            "Addresses:\n"
            "\t93.184.216.34\n");
  const Outcome unknown = machine_.exec("web", {"nameresolver", "nobody.example"});
  EXPECT_EQ(unknown.status, 1);
  EXPECT_EQ(unknown.out,
            "Server: 127.0.0.11\n"
            "\n"
            "*** Can't find nobody.example: No such host is known\n");
}

TEST_F(AppTools, NameresolverAsksAnotherServerWhenTold) {
  const Outcome found = machine_.exec("web", {"nameresolver", "www.example.com", "168.63.129.16"});
  EXPECT_EQ(found.status, 0);
  EXPECT_THAT(found.out, ::testing::StartsWith("Server: 168.63.129.16\n"));
  EXPECT_EQ(machine_.exec("web", {"nameresolver", "www.example.com", "server"}).status, 2);
}

TEST_F(AppTools, NameresolverNamesTheAliasesThatLeadToAnAddress) {
  const std::string aliased =
      "publicDns: {recordSets: {alias.example: {CNAME: www.example.com}}}\n";
  const Outcome applied =
      machine_.ctl({"apply", machine_.file("aliased.yaml", aliased + contract_lab())});
  ASSERT_EQ(applied.status, 0) << applied.err;
  EXPECT_THAT(machine_.exec("web", {"nameresolver", "alias.example"}).out,
              HasSubstr("Name: www.example.com\n"
                        "Addresses:\n"
                        "\t93.184.216.34\n"
                        "Aliases:\n"
                        "\talias.example\n"));
}

TEST_F(AppTools, StandOnMachinesToo) {
  EXPECT_EQ(machine_.ctl({"exec", "--host", "sql", "--", "tcpping", "10.1.2.4:443"}).status, 0);
}

}  // namespace
}  // namespace egress::e2e
