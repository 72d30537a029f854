// SPDX-License-Identifier: MIT

// The examples that users start from load without an error and name the schema for their editor.

#include <gtest/gtest.h>

#include "tests/unit/lab/files.hpp"

namespace egress::lab {
namespace {

class Example : public testing::TestWithParam<std::string> {};

TEST_P(Example, LoadsWithoutAnError) {
  const Loaded loaded = load_file(GetParam());
  EXPECT_EQ(errors_of(loaded), "");
  ASSERT_TRUE(loaded.lab.has_value());
  EXPECT_FALSE(loaded.lab->expectations.empty()) << "an example says what it shows";
}

TEST_P(Example, NamesTheSchemaInItsFirstLine) {
  const std::string text = read_file(GetParam());
  EXPECT_EQ(text.substr(0, text.find('\n')),
            "# yaml-language-server: $schema=../egressd-lab.schema.json");
}

INSTANTIATE_TEST_SUITE_P(All, Example, testing::ValuesIn(yaml_files(LAB_CONFIG "/examples")),
                         test_name);

TEST(Examples, AreAtLeastTwelve) {
  EXPECT_GE(yaml_files(LAB_CONFIG "/examples").size(), 12U);
}

}  // namespace
}  // namespace egress::lab
