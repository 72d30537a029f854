// SPDX-License-Identifier: MIT

// Every mistake that the loader knows, with the exact words a user reads: the first lines of each
// file under cases/ are what comes out of it, place and code included. UPDATE_GOLDEN=1 rewrites
// them; reviewers read the diff.

#include <gtest/gtest.h>

#include <cstdlib>

#include "tests/unit/lab/files.hpp"

namespace egress::lab {
namespace {

const std::string kExpect = "# expect: ";

struct Case {
  std::string expected{};
  std::string body{};
};

Case parse_case(const std::string& text) {
  std::istringstream lines(text);
  Case result;
  for (std::string line; std::getline(lines, line);) {
    const bool heads = result.body.empty() && line.starts_with(kExpect);
    (heads ? result.expected : result.body) += line + "\n";
  }
  // A truncated last line is a mistake of its own.
  if (!result.body.empty() && !text.ends_with('\n')) result.body.pop_back();
  return result;
}

// The body stands below as many lines as it has findings, so that places are the file's own.
std::string findings_of(const std::string& body, size_t lines_above) {
  std::string text;
  const std::string above = [&] {
    std::string lines;
    for (size_t i = 0; i < lines_above; ++i) lines += kExpect + "\n";
    return lines;
  }();
  const Loaded loaded = load(above + body, {}, reader_beside(LAB_CASES "/lab.yaml"));
  bool refused = false;
  for (const Finding& finding : loaded.findings) {
    // "" is the file's name, so a finding with a place begins with a colon.
    const std::string line = finding.to_string();
    text += kExpect + line.substr(line.find_first_not_of(": ")) + " [" + finding.code + "]\n";
    refused = refused || finding.severity == Severity::kError;
  }
  EXPECT_EQ(loaded.lab.has_value(), !refused);
  return text;
}

class LabFileMistake : public testing::TestWithParam<std::string> {};

TEST_P(LabFileMistake, IsToldInTheExpectedWords) {
  const Case wanted = parse_case(read_file(GetParam()));
  const auto count = [](const std::string& lines) {
    return static_cast<size_t>(std::count(lines.begin(), lines.end(), '\n'));
  };
  if (std::getenv("UPDATE_GOLDEN") != nullptr) {
    const size_t lines = count(findings_of(wanted.body, 0));
    std::ofstream(GetParam()) << findings_of(wanted.body, lines) << wanted.body;
    return;
  }
  EXPECT_EQ(wanted.expected, findings_of(wanted.body, count(wanted.expected)));
  EXPECT_FALSE(wanted.expected.empty()) << "a case shows at least one finding";
}

INSTANTIATE_TEST_SUITE_P(Cases, LabFileMistake, testing::ValuesIn(yaml_files(LAB_CASES)),
                         test_name);

}  // namespace
}  // namespace egress::lab
