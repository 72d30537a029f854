// SPDX-License-Identifier: MIT
// Files of labs, and what their own expectations say of them.
#include <gmock/gmock.h>

#include "inspect/expectations.hpp"
#include "tests/support/files.hpp"
#include "tests/support/network_of.hpp"

namespace egress::inspect {
namespace {

using namespace testing_support;

void expect_met(const std::string& file) {
  const lab::Lab lab = lab_in(file);
  ASSERT_FALSE(lab.expectations.empty());
  for (const TestResult& result : test(*network_of(lab))) {
    EXPECT_THAT(result.differences, testing::IsEmpty()) << file << ":" << result.expectation.line;
  }
}

// Networks that people reported, with what Azure did there.
class FieldLab : public testing::TestWithParam<std::string> {};

TEST_P(FieldLab, SaysWhatAzureDoes) {
  expect_met(GetParam());
}

INSTANTIATE_TEST_SUITE_P(All, FieldLab, testing::ValuesIn(yaml_files(FIELD_LABS)), test_name);

// What the documentation promises its readers.
class ExampleLab : public testing::TestWithParam<std::string> {};

TEST_P(ExampleLab, BehavesAsItSays) {
  expect_met(GetParam());
}

INSTANTIATE_TEST_SUITE_P(All, ExampleLab, testing::ValuesIn(yaml_files(EXAMPLE_LABS)), test_name);

}  // namespace
}  // namespace egress::inspect
