// SPDX-License-Identifier: MIT
// Labs full of expectations, each applied and asked by analysis and with packets. They are how
// every next-hop type, rule field, peering flag and routing switch is held to the documents.

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

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

INSTANTIATE_TEST_SUITE_P(Behaviour, Lab, ::testing::ValuesIn(yaml_files(LABS_DIRECTORY)),
                         test_name);
INSTANTIATE_TEST_SUITE_P(Examples, Lab, ::testing::ValuesIn(yaml_files(EXAMPLES_DIRECTORY)),
                         test_name);
INSTANTIATE_TEST_SUITE_P(Field, Lab, ::testing::ValuesIn(yaml_files(FIELD_LABS)), test_name);

}  // namespace
}  // namespace egress::e2e
