// SPDX-License-Identifier: MIT

// Golden cases: a folder each under cases/, lab.yaml → kernel.txt, and where there is an
// after.yaml, the change set from one to the other → ops.txt. UPDATE_GOLDEN=1 rewrites; reviewers
// read the diff.

#include <gmock/gmock.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "compile/compile.hpp"
#include "ipam/leases.hpp"
#include "lab/load.hpp"
#include "state/ops.hpp"

namespace egress {
namespace {

namespace fs = std::filesystem;

std::string read(const fs::path& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

state::KernelState desired(const fs::path& lab_file) {
  const lab::Loaded loaded = lab::load_file(lab_file.string());
  for (const lab::Finding& finding : loaded.findings) {
    if (finding.severity == lab::Severity::kError) ADD_FAILURE() << finding.to_string();
  }
  if (!loaded.lab) return {};
  const auto addresses = ipam::first_addresses(*loaded.lab);
  EXPECT_TRUE(addresses.ok());
  return compile::compile(*policy::analyse({.lab = *loaded.lab, .leases = *addresses})).value();
}

void expect_golden(const std::string& got, const fs::path& file) {
  if (std::getenv("UPDATE_GOLDEN") != nullptr) {
    std::ofstream(file) << got;
    return;
  }
  ASSERT_TRUE(fs::exists(file)) << "run with UPDATE_GOLDEN=1 to write " << file;
  EXPECT_EQ(read(file), got) << "differs from " << file;
}

std::vector<std::string> case_names() {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(GOLDEN_CASES)) {
    names.push_back(entry.path().filename().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

class Golden : public testing::TestWithParam<std::string> {};

TEST_P(Golden, LabCompilesToTheWrittenKernelObjects) {
  const fs::path folder = fs::path(GOLDEN_CASES) / GetParam();
  const std::string text = state::to_text(desired(folder / "lab.yaml"));
  EXPECT_FALSE(text.empty());
  if (!fs::exists(folder / "after.yaml")) expect_golden(text, folder / "kernel.txt");
}

TEST_P(Golden, ChangeTouchesOnlyWhatDiffers) {
  const fs::path folder = fs::path(GOLDEN_CASES) / GetParam();
  const state::KernelState before = desired(folder / "lab.yaml");
  EXPECT_TRUE(state::diff(before, before).value().empty());
  if (!fs::exists(folder / "after.yaml")) return;
  std::string text;
  const auto ops = state::diff(desired(folder / "after.yaml"), before).value();
  for (const state::Op& op : ops) {
    text += state::to_text(op) + "\n";
  }
  expect_golden(text, folder / "ops.txt");
}

INSTANTIATE_TEST_SUITE_P(Cases, Golden, testing::ValuesIn(case_names()), [](const auto& tested) {
  std::string name = tested.param;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
});

}  // namespace
}  // namespace egress
