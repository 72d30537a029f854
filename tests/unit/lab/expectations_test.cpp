// SPDX-License-Identifier: MIT

// What the examples promise their readers is what the evaluator says.

#include <gtest/gtest.h>

#include "ipam/leases.hpp"
#include "lab/flow_url.hpp"
#include "policy/explain.hpp"
#include "tests/unit/lab/files.hpp"

namespace egress::lab {
namespace {

class ExampleExpectations : public testing::TestWithParam<std::filesystem::path> {};

TEST_P(ExampleExpectations, Hold) {
  const Loaded loaded = load_file(GetParam().string());
  ASSERT_TRUE(loaded.lab.has_value()) << errors_of(loaded);
  const auto addresses = ipam::first_addresses(*loaded.lab);
  ASSERT_TRUE(addresses.ok());
  const auto network = policy::analyse({.lab = *loaded.lab, .leases = *addresses});
  for (const Expectation& expectation : loaded.lab->expectations) {
    const auto url = parse_flow_url(*loaded.lab, expectation.to);
    ASSERT_TRUE(url.ok()) << url.error().message;
    const auto explanation = policy::explain(*network, {expectation.from, expectation.instance},
                                             {.protocol = url->protocol,
                                              .destination = url->destination,
                                              .destination_port = url->port});
    ASSERT_TRUE(explanation.ok()) << explanation.error().message;
    for (const std::string& mismatch : policy::mismatches(expectation, *explanation)) {
      ADD_FAILURE() << GetParam().filename() << ":" << expectation.line << ": " << mismatch;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(All, ExampleExpectations,
                         testing::ValuesIn(yaml_files(LAB_CONFIG "/examples")), test_name);

}  // namespace
}  // namespace egress::lab
