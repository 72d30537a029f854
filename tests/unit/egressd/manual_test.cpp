// SPDX-License-Identifier: MIT
// The manual pages know what the programs know.

#include <gmock/gmock.h>

#include <algorithm>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "egressd/metrics.hpp"
#include "egressd/settings.hpp"
#include "tests/support/files.hpp"

namespace egress::daemon {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using testing_support::read_file;

const std::string kPages = MANUAL_DIRECTORY "/";

// What a file with an unknown key is told: "keys are a, b, c or d".
std::vector<std::string> keys_told(const std::string& text) {
  std::string words = parse_configuration(text, "f").findings.at(0).hint;
  for (const std::string between : {"keys are ", ", ", " or "}) {
    for (size_t at = words.find(between); at != std::string::npos; at = words.find(between)) {
      words.replace(at, between.size(), "\n");
    }
  }
  std::vector<std::string> keys;
  std::istringstream lines(words);
  for (std::string line; std::getline(lines, line);) {
    if (!line.empty()) keys.push_back(line);
  }
  return keys;
}

// The paragraph below "*key*"; empty where there is none.
std::string entry_of(const std::string& page, const std::string& key) {
  const size_t at = page.find("\n*" + key + "*\n\t");
  return at == std::string::npos ? "" : page.substr(at, page.find("\n\n", at) - at);
}

std::map<std::string, std::string> defaults() {
  const Settings settings;
  const compile::SizeLimits& limits = settings.limits;
  return {{"stateDir", settings.state_dir},
          {"runDir", settings.run_dir},
          {"socket", settings.socket},
          {"prefix", settings.prefix},
          {"logLevel", settings.log_level},
          {"fastPath", settings.fast_path},
          {"namespaces", std::to_string(limits.namespaces)},
          {"links", std::to_string(limits.links)},
          {"routes", std::to_string(limits.routes)},
          {"firewallElements", std::to_string(limits.firewall_elements)}};
}

TEST(ConfigurationPage, HasEveryKey) {
  const std::string page = read_file(kPages + "egressd.yaml.5.scd");
  const auto keys = keys_told("zzzzzzzz: 1");
  const auto limits = keys_told("limits: {zzzzzzzz: 1}");
  EXPECT_EQ(keys.size(), 8U);
  EXPECT_EQ(limits.size(), 4U);
  for (const auto& known : {keys, limits}) {
    for (const std::string& key : known) EXPECT_THAT(entry_of(page, key), Not(IsEmpty())) << key;
  }
}

TEST(ConfigurationPage, AndTheInstalledFileHaveTheDefaults) {
  const std::string page = read_file(kPages + "egressd.yaml.5.scd");
  const std::string installed = read_file(INSTALLED_CONFIGURATION);
  for (const auto& [key, value] : defaults()) {
    EXPECT_THAT(entry_of(page, key), HasSubstr("Default: _" + value + "_."));
    EXPECT_NE(installed.find(key + ": " + value + "\n"), std::string::npos) << key;
  }
}

TEST(ManualPages, HaveEveryMetric) {
  inspect::StatusReport all;
  all.apps.emplace_back();
  all.workers.push_back({.interfaces = {inspect::WorkerInterface()}});
  all.last_pass.emplace();
  all.snat.emplace_back();
  all.nat_gateways.emplace_back();
  all.gateways.push_back({.connections = {inspect::GatewayConnectionStatus()}});
  std::string page = read_file(kPages + "egressd.8.scd");
  page.erase(std::remove(page.begin(), page.end(), '\\'), page.end());
  const std::string help = "# HELP ";
  std::istringstream lines(metrics_of(all));
  size_t metrics = 0;
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with(help)) continue;
    const std::string name = line.substr(help.size(), line.find(' ', help.size()) - help.size());
    EXPECT_TRUE(page.find(" " + name + "\n") != std::string::npos ||
                page.find(" " + name + ",") != std::string::npos)
        << name;
    ++metrics;
  }
  EXPECT_GE(metrics, 20U);
}

// Page and section.
const std::map<std::string, std::string> kSections = {{"egressctl", "1"},
                                                      {"egressd", "8"},
                                                      {"egressd-lab", "5"},
                                                      {"egressd-routing", "7"},
                                                      {"egressd.yaml", "5"}};

TEST(ManualPages, NameEachOther) {
  for (const auto& [page, section] : kSections) {
    const std::string file = kPages + page + "." + section + ".scd";
    const std::string text = read_file(file) + read_file(file + ".in");
    const std::string see_also = text.substr(text.find("# SEE ALSO"));
    for (const auto& [other, its] : kSections) {
      if (other == page) continue;
      EXPECT_THAT(see_also, HasSubstr("*" + other + "*(" + its + ")")) << page;
    }
  }
}

TEST(ManualPages, AreInThePackageThatIsTried) {
  const std::string life = read_file(PACKAGE_LIFE);
  for (const auto& [page, section] : kSections) {
    const std::string file = "/usr/share/man/man" + section + "/" + page + "." + section + " ";
    EXPECT_NE(life.find(file), std::string::npos) << file;
  }
}

}  // namespace
}  // namespace egress::daemon
