// SPDX-License-Identifier: MIT
// Pages of docs are what happens: their blocks are written and typed one after the other, and what
// they show is held against what is said.

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/folder.hpp"
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

struct Block {
  std::string kind{};  // what stands behind ```
  Lines lines{};
};

std::vector<Block> blocks_of(const Lines& page) {
  const std::string fence = "```";
  std::vector<Block> blocks;
  bool inside = false;
  for (const std::string& line : page) {
    if (line.starts_with(fence)) {
      inside = !inside;
      if (inside) blocks.push_back({line.substr(fence.size()), {}});
    } else if (inside) {
      blocks.back().lines.push_back(line);
    }
  }
  return blocks;
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
  // What the comment behind the command says, else what a refusal has.
  int status() const {
    const std::string comment = "# exit status ";
    if (const size_t at = command.find(comment); at != std::string::npos) {
      return std::stoi(command.substr(at + comment.size()));
    }
    return std::any_of(
               shown.begin(), shown.end(),
               [](const std::string& line) { return line.starts_with("egressctl: error["); })
               ? 1
               : 0;
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

Lines without_blank_end(Lines lines) {
  while (!lines.empty() && lines.back().empty()) lines.pop_back();
  return lines;
}

// A lab's first line may name its file, "# hub.yaml", or say that it goes on there,
// "# hub.yaml, further down".
void write_lab(const std::string& folder, const Lines& lines) {
  const std::string named = "# ";
  const std::string goes_on = ", further down";
  std::string name = lines.at(0).starts_with(named) ? lines[0].substr(named.size()) : "lab.yaml";
  const bool behind = name.ends_with(goes_on);
  if (behind) name.resize(name.size() - goes_on.size());
  std::ofstream file(folder + "/" + name, behind ? std::ios::app : std::ios::trunc);
  for (const std::string& line : lines) file << line << "\n";
}

void type_all(const Machine& machine, const std::string& folder, const Lines& lines) {
  for (const Typed& command : typed(lines)) {
    const Outcome outcome = type(machine, folder, command.command);
    std::istringstream out(outcome.out);
    const Lines said = without_blank_end(lines_of(out));
    ASSERT_TRUE(matches(without_blank_end(command.shown), 0, said, 0))
        << "$ " << command.command << "\n"
        << outcome.out;
    ASSERT_EQ(outcome.status, command.status()) << command.command << "\n" << outcome.out;
  }
}

void expect_what_happens(const std::string& page) {
  std::ifstream file(PAGES "/" + page);
  const std::vector<Block> blocks = blocks_of(lines_of(file));
  ASSERT_FALSE(blocks.empty());
  Machine machine;
  ASSERT_TRUE(machine.start());
  const Folder folder;
  for (const Block& block : blocks) {
    if (block.kind == "yaml") write_lab(folder.path(), block.lines);
    if (block.kind == "console") type_all(machine, folder.path(), block.lines);
    if (testing::Test::HasFatalFailure()) return;
  }
}

TEST(WalkThrough, OfTheLifeCycleIsWhatHappens) {
  expect_what_happens("lifecycle.md");
}

TEST(WalkThrough, OfTheTutorialIsWhatHappens) {
  expect_what_happens("tutorial.md");
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
