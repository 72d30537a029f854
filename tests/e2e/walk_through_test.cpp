// SPDX-License-Identifier: MIT
// docs/lifecycle.md is what happens: its blocks are typed one after the other, and what they show
// is held against what is said.

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/machine.hpp"

namespace egress::e2e {
namespace {

using namespace testing_support;

using Lines = std::vector<std::string>;

const std::string kAnything = "…";

Lines lines_of(std::istream& text) {
  Lines lines;
  for (std::string line; std::getline(text, line);) lines.push_back(line);
  return lines;
}

// The lines of the page's blocks of a kind, one block behind the other.
Lines blocks(const Lines& page, const std::string& kind) {
  Lines found;
  bool inside = false;
  for (const std::string& line : page) {
    if (line.starts_with("```")) {
      inside = line == "```" + kind;
    } else if (inside) {
      found.push_back(line);
    }
  }
  return found;
}

// Whether `said` is `pattern`, in which … stands for any text.
bool matches(std::string_view pattern, std::string_view said) {
  const size_t at = pattern.find(kAnything);
  if (at == std::string_view::npos) return pattern == said;
  if (said.substr(0, at) != pattern.substr(0, at)) return false;
  const std::string_view rest = pattern.substr(at + kAnything.size());
  for (size_t from = at; from <= said.size(); ++from) {
    if (matches(rest, said.substr(from))) return true;
  }
  return false;
}

// The same of lines: … alone stands for any number of them.
bool matches(const Lines& patterns, size_t pattern, const Lines& said, size_t line) {
  if (pattern == patterns.size()) return line == said.size();
  if (patterns[pattern] == kAnything) {
    for (size_t from = line; from <= said.size(); ++from) {
      if (matches(patterns, pattern + 1, said, from)) return true;
    }
    return false;
  }
  return line < said.size() && matches(patterns[pattern], said[line]) &&
         matches(patterns, pattern + 1, said, line + 1);
}

struct Typed {
  std::string command{};
  Lines shown{};
  bool is_refused() const {
    return std::any_of(shown.begin(), shown.end(), [](const std::string& line) {
      return line.starts_with("egressctl: error[");
    });
  }
};

std::vector<Typed> typed(const Lines& lines) {
  const std::string prompt = "$ ";
  std::vector<Typed> all;
  for (const std::string& line : lines) {
    if (line.starts_with(prompt)) {
      all.push_back({line.substr(prompt.size()), {}});
    } else {
      all.back().shown.push_back(line);
    }
  }
  return all;
}

// In a shell that has `egressctl`, both outputs as a terminal shows them.
Outcome type(const Machine& machine, const std::string& folder, const std::string& command) {
  const std::string programs = std::filesystem::path(EGRESSCTL_PROGRAM).parent_path().string();
  return run({"bash", "-c", R"(cd "$0"; PATH=$1:$PATH; eval "$2" 2>&1)", folder, programs, command},
             {}, {"EGRESSD_SOCKET=" + machine.socket()});
}

TEST(WalkThrough, OfTheLifeCycleIsWhatHappens) {
  std::ifstream file(LIFE_CYCLE_PAGE);
  const Lines page = lines_of(file);
  std::string lab;
  for (const std::string& line : blocks(page, "yaml")) lab += line + "\n";
  const std::vector<Typed> commands = typed(blocks(page, "console"));
  ASSERT_FALSE(commands.empty());
  Machine machine;
  ASSERT_TRUE(machine.start());
  const std::string folder =
      std::filesystem::path(machine.file("lab.yaml", lab)).parent_path().string();
  for (const Typed& command : commands) {
    const Outcome outcome = type(machine, folder, command.command);
    std::istringstream out(outcome.out);
    Lines said = lines_of(out);
    while (!said.empty() && said.back().empty()) said.pop_back();
    Lines shown = command.shown;
    while (!shown.empty() && shown.back().empty()) shown.pop_back();
    ASSERT_TRUE(matches(shown, 0, said, 0)) << "$ " << command.command << "\n" << outcome.out;
    EXPECT_EQ(outcome.status, command.is_refused() ? 1 : 0) << command.command;
  }
}

TEST(WalkThrough, TellsWhatIsSaidFromWhatIsNot) {
  EXPECT_TRUE(matches("applied lab.yaml: …", "applied lab.yaml: 3 objects"));
  EXPECT_FALSE(matches("applied lab.yaml: …", "applied it: 3 objects"));
  EXPECT_TRUE(matches("… of … instances", "3 of 4 instances"));
  EXPECT_FALSE(matches("… of … instances", "3 of 4 instances, and more"));
  EXPECT_TRUE(matches({"a", "…", "b"}, 0, {"a", "x", "b", "b"}, 0));
  EXPECT_FALSE(matches({"a", "…", "b"}, 0, {"a", "x", "b", "c"}, 0));
  EXPECT_FALSE(matches({"a"}, 0, {"a", "b"}, 0));
}

}  // namespace
}  // namespace egress::e2e
