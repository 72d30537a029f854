// SPDX-License-Identifier: MIT

// What the examples promise their readers is what the evaluator says.

#include "inspect/expectations.hpp"

#include <gtest/gtest.h>

#include "ipam/leases.hpp"
#include "tests/unit/lab/files.hpp"

namespace egress::lab {
namespace {

class ExampleExpectations : public testing::TestWithParam<std::filesystem::path> {};

TEST_P(ExampleExpectations, Hold) {
  Loaded loaded = load_file(GetParam().string());
  ASSERT_TRUE(loaded.lab.has_value()) << errors_of(loaded);
  auto addresses = ipam::first_addresses(*loaded.lab);
  ASSERT_TRUE(addresses.ok());
  const auto network =
      policy::analyse({.lab = *std::move(loaded.lab), .leases = *std::move(addresses)});
  for (const inspect::TestResult& result : inspect::test(*network)) {
    for (const std::string& difference : result.differences) {
      ADD_FAILURE() << GetParam().filename() << ":" << result.expectation.line << ": "
                    << difference;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(All, ExampleExpectations,
                         testing::ValuesIn(yaml_files(LAB_CONFIG "/examples")), test_name);

}  // namespace
}  // namespace egress::lab
