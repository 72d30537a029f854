// SPDX-License-Identifier: MIT

// What people read who write a lab wrong, in its exact words. UPDATE_GOLDEN=1 writes them anew;
// reviewers read them as a user would.

#include <gtest/gtest.h>

#include <cstdlib>

#include "tests/unit/lab/files.hpp"
#include "tests/unit/lab/wrong_labs.hpp"

namespace egress::lab {
namespace {

std::string told(const Loaded& loaded) {
  std::string text;
  for (const Finding& finding : loaded.findings) {
    // "" is the file's name, so a finding with a place begins with a colon.
    const std::string line = finding.to_string();
    text += line.substr(line.find_first_not_of(": ")) + " [" + finding.code + "]\n";
  }
  if (loaded.lab) text += "valid\n";
  return text;
}

class WrongLabFile : public testing::TestWithParam<std::string> {};

TEST_P(WrongLabFile, IsAnsweredInTheExpectedWords) {
  const WrongLab wrong = read_wrong_lab(GetParam());
  const std::string words = told(load(wrong.text, {}, reader_beside(LAB_WRONG "/base.yaml")));
  if (std::getenv("UPDATE_GOLDEN") != nullptr) {
    std::ofstream(GetParam()) << words << "---\n" << wrong.changes;
    return;
  }
  EXPECT_EQ(wrong.expected, words);
}

INSTANTIATE_TEST_SUITE_P(Wrong, WrongLabFile,
                         testing::ValuesIn(testing_support::files_with(LAB_WRONG, ".lab")),
                         test_name);

TEST(WrongLabs, AreChangesOfALabWithoutFault) {
  EXPECT_EQ(told(load(read_file(LAB_WRONG "/base.yaml"), {}, no_files)), "valid\n");
}

}  // namespace
}  // namespace egress::lab
