// SPDX-License-Identifier: MIT
// Labs full of expectations, each applied and asked by analysis and with packets. They are how
// every next-hop type, rule field, peering flag and routing switch is held to the documents.

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "lab/document.hpp"
#include "lab/load.hpp"
#include "tests/support/both_interfaces.hpp"
#include "tests/support/files.hpp"
#include "tests/support/machine.hpp"

namespace egress::e2e {
namespace {

using namespace testing_support;

// The failed lines of a TAP stream with what is said about each.
std::string failures(const std::string& tap) {
  std::string found;
  bool failing = false;
  size_t start = 0;
  while (start < tap.size()) {
    const size_t end = std::min(tap.find('\n', start), tap.size());
    const std::string line = tap.substr(start, end - start);
    if (line.rfind("not ok", 0) == 0) failing = true;
    if (line.rfind("ok", 0) == 0) failing = false;
    if (failing) found += line + "\n";
    start = end + 1;
  }
  return found;
}

class Lab : public ::testing::TestWithParam<std::string> {};

TEST_P(Lab, BehavesAsItsExpectationsSay) {
  Machine machine;
  ASSERT_TRUE(machine.start());
  const Outcome applied = machine.ctl({"apply", GetParam()});
  ASSERT_EQ(applied.status, 0) << applied.err << machine.log();
  const Outcome tested = machine.ctl({"test", GetParam()});
  EXPECT_EQ(tested.status, 0) << failures(tested.out) << tested.err;
}

// What joins plans to their networks is nobody's business but theirs.
class LabOnWires : public ::testing::TestWithParam<std::string> {};

// With every plan on wires; nothing when none joins a network.
std::optional<lab::Lab> on_wires(const std::string& path) {
  std::optional<lab::Lab> loaded = lab::load_file(path).lab;
  if (!loaded || lab::integrations(*loaded).empty()) return std::nullopt;
  return on(lab::IntegrationInterface::kTun, *std::move(loaded));
}

std::vector<std::string> with_integrations(std::vector<std::string> paths) {
  const auto has_none = [](const std::string& path) { return !on_wires(path); };
  paths.erase(std::remove_if(paths.begin(), paths.end(), has_none), paths.end());
  return paths;
}

TEST_P(LabOnWires, BehavesAsItsExpectationsSay) {
  const lab::Lab lab = *on_wires(GetParam());
  Machine machine;
  const std::string file = machine.file("lab.yaml", lab::write(lab).value());
  if (const std::string& tags = lab.service_tags_file; !tags.empty()) {
    machine.file(tags, read_file(std::filesystem::path(GetParam()).replace_filename(tags)));
  }
  ASSERT_TRUE(machine.start());
  const Outcome applied = machine.ctl({"apply", file});
  ASSERT_EQ(applied.status, 0) << applied.err << machine.log();
  const Outcome tested = machine.ctl({"test", file});
  EXPECT_EQ(tested.status, 0) << failures(tested.out) << tested.err;
  // The wires have asked of each flow themselves what evaluator and kernel make of it.
  const auto status = machine.ctl_json({"status"});
  EXPECT_EQ(status.at("problems"), nlohmann::json::array());
  EXPECT_EQ(status.at("wires").size(), lab::integrations(lab).size());
  for (const auto& wire : status.at("wires")) {
    EXPECT_EQ(wire.at("disagreements"), nlohmann::json::array()) << wire;
  }
}

INSTANTIATE_TEST_SUITE_P(Behaviour, LabOnWires,
                         ::testing::ValuesIn(with_integrations(yaml_files(LABS_DIRECTORY))),
                         test_name);
INSTANTIATE_TEST_SUITE_P(Examples, LabOnWires,
                         ::testing::ValuesIn(with_integrations(yaml_files(EXAMPLES_DIRECTORY))),
                         test_name);
INSTANTIATE_TEST_SUITE_P(Field, LabOnWires,
                         ::testing::ValuesIn(with_integrations(yaml_files(FIELD_LABS))), test_name);

INSTANTIATE_TEST_SUITE_P(Behaviour, Lab, ::testing::ValuesIn(yaml_files(LABS_DIRECTORY)),
                         test_name);
INSTANTIATE_TEST_SUITE_P(Examples, Lab, ::testing::ValuesIn(yaml_files(EXAMPLES_DIRECTORY)),
                         test_name);
INSTANTIATE_TEST_SUITE_P(Field, Lab, ::testing::ValuesIn(yaml_files(FIELD_LABS)), test_name);

}  // namespace
}  // namespace egress::e2e
