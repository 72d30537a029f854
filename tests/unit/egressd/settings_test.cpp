// SPDX-License-Identifier: MIT
#include "egressd/settings.hpp"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <cstdlib>

#include "lab/limits.hpp"
#include "tests/support/folder.hpp"

namespace egress::daemon {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

Result<CommandLine> parse(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "egressd");
  return read_command_line(static_cast<int>(arguments.size()), arguments.data());
}

TEST(Configuration, KnowsEverySetting) {
  const Configuration configuration = parse_configuration(
      "stateDir: /s\nrunDir: /r\nsocket: /k\nprefix: lab\nlogLevel: debug\nlab: lab.yaml\n", "f");
  EXPECT_THAT(configuration.findings, IsEmpty());
  EXPECT_EQ(configuration.settings.state_dir, "/s");
  EXPECT_EQ(configuration.settings.run_dir, "/r");
  EXPECT_EQ(configuration.settings.socket, "/k");
  EXPECT_EQ(configuration.settings.prefix, "lab");
  EXPECT_EQ(configuration.settings.log_level, "debug");
  EXPECT_EQ(configuration.settings.lab, "lab.yaml");
}

TEST(Configuration, KeepsWhatItDoesNotSayButForTheLab) {
  const Configuration configuration = parse_configuration(
      "prefix: lab\n", "f", {.prefix = "eg", .log_level = "debug", .lab = "/old.yaml"});
  EXPECT_EQ(configuration.settings.prefix, "lab");
  EXPECT_EQ(configuration.settings.log_level, "debug");
  EXPECT_EQ(configuration.settings.lab, "");
}

TEST(Configuration, MayBeEmpty) {
  EXPECT_THAT(parse_configuration("# nothing\n", "f").findings, IsEmpty());
}

TEST(Configuration, RefusesUnknownKeysWithTheirPlace) {
  const auto findings = parse_configuration("prefix: eg\nsockets: /x\n", "egressd.yaml").findings;
  ASSERT_THAT(findings, SizeIs(1));
  EXPECT_EQ(findings[0].line, 2);
  EXPECT_EQ(findings[0].column, 1);
  EXPECT_THAT(findings[0].to_string(), HasSubstr("egressd.yaml:2:1: error"));
  EXPECT_THAT(findings[0].hint, HasSubstr("socket"));
  EXPECT_EQ(parse_configuration("zzzzzzzz: 1\n", "f").findings.at(0).hint,
            "keys are fastPath, lab, logLevel, prefix, runDir, socket, stateDir or limits");
  EXPECT_EQ(parse_configuration("limits: {zzzzzzzz: 1}\n", "f").findings.at(0).hint,
            "keys are firewallElements, links, namespaces or routes");
}

TEST(Configuration, RaisesLimits) {
  const Configuration configuration =
      parse_configuration("limits: {namespaces: 20000, firewallElements: 9000000}\n", "f");
  EXPECT_THAT(configuration.findings, IsEmpty());
  EXPECT_EQ(configuration.settings.limits.namespaces, 20'000U);
  EXPECT_EQ(configuration.settings.limits.firewall_elements, 9'000'000U);
  EXPECT_EQ(configuration.settings.limits.links, compile::SizeLimits().links);
}

TEST(Configuration, RefusesLimitsThatAreNoNumbers) {
  for (const char* text : {"limits: 5", "limits: {links: many}", "limits: {links: -1}",
                           "limits: {links: 0}", "limits: {links: 1.5}", "limits: {links: [1]}",
                           "limits: {links: 99999999999999999999}", "limits: {liks: 1}"}) {
    const auto findings = parse_configuration(text, "f").findings;
    ASSERT_THAT(findings, SizeIs(1)) << text;
    EXPECT_EQ(findings[0].line, 1) << text;
  }
}

// A daemon that reads its configuration again would fall silent.
TEST(Configuration, RefusesAnUnknownLogLevelWithItsPlace) {
  const auto findings = parse_configuration("prefix: lab\nlogLevel: loud\n", "f").findings;
  ASSERT_EQ(findings.size(), 1U);
  EXPECT_EQ(findings[0].line, 2);
  EXPECT_THAT(findings[0].message, HasSubstr("'loud' is none of trace"));
}

TEST(Configuration, TakesTheFastPathAsAWord) {
  EXPECT_EQ(parse_configuration("prefix: lab\n", "f").settings.fast_path, kOn);
  EXPECT_EQ(parse_configuration("fastPath: off\n", "f").settings.fast_path, kOff);
  const auto findings = parse_configuration("prefix: lab\nfastPath: no\n", "f").findings;
  ASSERT_EQ(findings.size(), 1U);
  EXPECT_EQ(findings[0].line, 2);
  EXPECT_EQ(findings[0].message, "'no' is none of on, off");
  EXPECT_FALSE(check_settings({.fast_path = "fast"}).ok());
}

TEST(Configuration, RefusesWhatIsNoMapOfTexts) {
  EXPECT_THAT(parse_configuration("[1]", "f").findings, SizeIs(1));
  EXPECT_THAT(parse_configuration("prefix: [eg]", "f").findings, SizeIs(1));
  EXPECT_THAT(parse_configuration("prefix:", "f").findings, SizeIs(1));
  EXPECT_THAT(parse_configuration("prefix: {", "f").findings, SizeIs(1));
}

TEST(Configuration, RefusesAKeyThatStandsThereTwice) {
  const auto findings = parse_configuration("prefix: a\nprefix: b\n", "f").findings;
  ASSERT_THAT(findings, SizeIs(1));
  EXPECT_EQ(findings[0].code, "duplicate-key");
}

TEST(Configuration, IsBoundedAsALabIs) {
  EXPECT_THAT(parse_configuration(",", "f").findings, SizeIs(1));
  EXPECT_THAT(parse_configuration("prefix: eg\n---\nprefix: eg\n", "f").findings, SizeIs(1));
  EXPECT_THAT(parse_configuration(std::string(lab::kMaxFileBytes + 1, '#'), "f").findings,
              SizeIs(1));
  const auto findings = parse_configuration(std::string(200, 'x') + ": y", "f").findings;
  ASSERT_THAT(findings, SizeIs(1));
  EXPECT_LT(findings[0].message.size(), 120U);
}

TEST(CommandLine, DoesNotWaitForAConfigurationThatIsNoFile) {
  const testing_support::Folder folder;
  const std::string fifo = folder / "egressd.yaml";
  ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
  const auto line = parse({"--config", fifo.c_str()});
  ASSERT_FALSE(line.ok());
  EXPECT_THAT(line.error().to_string(), HasSubstr("pipe"));
}

TEST(CommandLine, WinsOverEnvironmentAndFile) {
  const testing_support::Folder folder;
  const std::string file = folder.write("e.yaml", "socket: /file\nprefix: file\nlab: l.yaml\n");
  ::setenv("EGRESSD_SOCKET", "/environment", 1);
  const auto from_all = parse({"--config", file.c_str(), "--prefix", "line"});
  ::unsetenv("EGRESSD_SOCKET");
  ASSERT_TRUE(from_all.ok());
  EXPECT_EQ(from_all->settings.prefix, "line");
  EXPECT_EQ(from_all->settings.socket, "/environment");
  EXPECT_EQ(from_all->settings.lab, folder / "l.yaml");
  const auto from_file = parse({"--config", file.c_str()});
  ASSERT_TRUE(from_file.ok());
  EXPECT_EQ(from_file->settings.prefix, "file");
  EXPECT_EQ(from_file->settings.socket, "/file");
  EXPECT_EQ(from_file->settings.state_dir, "/var/lib/egressd");
}

TEST(CommandLine, HasAnOptionForEverySettingButTheLab) {
  const testing_support::Folder folder;
  const std::string file = folder.write(
      "e.yaml",
      "stateDir: /s\nrunDir: /r\nsocket: /k\nprefix: lab\nlogLevel: debug\nlab: /lab.yaml\n");
  const auto line = parse({"--config", file.c_str(), "--state-dir", "/1", "--run-dir", "/2",
                           "--socket", "/3", "--prefix", "four", "--log-level", "error"});
  ASSERT_TRUE(line.ok());
  const Settings& settings = line->settings;
  EXPECT_EQ(settings.state_dir + settings.run_dir + settings.socket, "/1/2/3");
  EXPECT_EQ(settings.prefix, "four");
  EXPECT_EQ(settings.log_level, "error");
  EXPECT_EQ(settings.lab, "/lab.yaml");
  EXPECT_EQ(read_configuration(settings)->settings.log_level, "error");
}

TEST(CommandLine, NamesAConfigurationThatIsNotThere) {
  const auto line = parse({"--config", "/nonexistent/egressd.yaml"});
  ASSERT_FALSE(line.ok());
  EXPECT_THAT(line.error().to_string(), HasSubstr("egressd.yaml"));
}

TEST(Settings, RefusePrefixesThatAreNoNames) {
  for (const char* prefix : {"", "-eg", "eg-", "e/g", "e g", "..", "e.g", "EG"}) {
    EXPECT_FALSE(check_settings({.prefix = prefix}).ok()) << prefix;
  }
  for (const char* prefix : {"eg", "lab-2", "e1"}) {
    EXPECT_TRUE(check_settings({.prefix = prefix}).ok()) << prefix;
  }
}

TEST(Settings, RefuseUnknownLogLevels) {
  EXPECT_FALSE(check_settings({.log_level = "loud"}).ok());
  EXPECT_TRUE(check_settings({.log_level = "off"}).ok());
  EXPECT_TRUE(check_settings({.log_level = "debug"}).ok());
}

}  // namespace
}  // namespace egress::daemon
