// SPDX-License-Identifier: MIT
// Networks that people reported, with what Azure did there as expectations.
#include <gmock/gmock.h>

#include <algorithm>
#include <filesystem>

#include "inspect/expectations.hpp"
#include "ipam/leases.hpp"
#include "lab/load.hpp"

namespace egress::inspect {
namespace {

std::vector<std::string> field_labs() {
  std::vector<std::string> paths;
  for (const auto& entry : std::filesystem::directory_iterator(FIELD_LABS)) {
    paths.push_back(entry.path().string());
  }
  return paths;
}

class FieldLab : public testing::TestWithParam<std::string> {};

TEST_P(FieldLab, SaysWhatAzureDoes) {
  const lab::Loaded loaded = lab::load_file(GetParam());
  for (const lab::Finding& finding : loaded.findings) {
    EXPECT_NE(finding.severity, lab::Severity::kError) << finding.to_string();
  }
  ASSERT_TRUE(loaded.lab);
  ASSERT_FALSE(loaded.lab->expectations.empty());
  const auto leases = ipam::first_addresses(*loaded.lab);
  ASSERT_TRUE(leases.ok());
  const auto network = policy::analyse({.lab = *loaded.lab, .leases = *leases});
  for (const TestResult& result : test(*network)) {
    EXPECT_THAT(result.differences, testing::IsEmpty())
        << result.expectation.from << " " << result.expectation.to;
  }
}

INSTANTIATE_TEST_SUITE_P(All, FieldLab, testing::ValuesIn(field_labs()), [](const auto& each) {
  std::string name = std::filesystem::path(each.param).stem().string();
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
});

}  // namespace
}  // namespace egress::inspect
