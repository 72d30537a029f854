// SPDX-License-Identifier: MIT

// Golden cases: a folder each under cases/, lab.yaml → kernel.txt, and where there is an
// after.yaml, the change set from one to the other → ops.txt. UPDATE_GOLDEN=1 rewrites; reviewers
// read the diff.

#include <gmock/gmock.h>

#include <cstdlib>

#include "state/ops.hpp"
#include "tests/support/applied_lab.hpp"
#include "tests/support/files.hpp"
#include "tests/support/lab_from.hpp"

namespace egress {
namespace {

namespace fs = std::filesystem;

state::KernelState compiled_in(const fs::path& lab_file) {
  return testing_support::compiled(testing_support::lab_in(lab_file.string()));
}

void expect_golden(const std::string& got, const fs::path& file) {
  if (std::getenv("UPDATE_GOLDEN") != nullptr) {
    std::ofstream(file) << got;
    return;
  }
  ASSERT_TRUE(fs::exists(file)) << "run with UPDATE_GOLDEN=1 to write " << file;
  EXPECT_EQ(testing_support::read_file(file), got) << "differs from " << file;
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
  const std::string text = state::to_text(compiled_in(folder / "lab.yaml"));
  EXPECT_FALSE(text.empty());
  if (!fs::exists(folder / "after.yaml")) expect_golden(text, folder / "kernel.txt");
}

TEST_P(Golden, ChangeTouchesOnlyWhatDiffers) {
  const fs::path folder = fs::path(GOLDEN_CASES) / GetParam();
  const state::KernelState before = compiled_in(folder / "lab.yaml");
  EXPECT_TRUE(state::diff(before, before).value().empty());
  if (!fs::exists(folder / "after.yaml")) return;
  std::string text;
  const auto ops = state::diff(compiled_in(folder / "after.yaml"), before).value();
  for (const state::Op& op : ops) {
    text += state::to_text(op) + "\n";
  }
  expect_golden(text, folder / "ops.txt");
}

INSTANTIATE_TEST_SUITE_P(Cases, Golden, testing::ValuesIn(case_names()),
                         testing_support::test_name);

}  // namespace
}  // namespace egress
