// SPDX-License-Identifier: MIT
// egressctl(1) has the commands and options that there are, and no others.

#include <gmock/gmock.h>

#include <regex>
#include <set>
#include <sstream>
#include <string>

#include "tests/support/files.hpp"
#include "tests/unit/egressctl/outcome.hpp"

namespace egress::ctl {
namespace {

using ::testing::IsSupersetOf;
using Words = std::set<std::string>;

Words found(const std::string& text, const std::string& pattern) {
  const std::regex expression(pattern);
  Words words;
  for (std::sregex_iterator at(text.begin(), text.end(), expression), end; at != end; ++at) {
    words.insert(at->str(1));
  }
  return words;
}

// The names at the start of the lines below "Lab:" and the like.
Words commands() {
  const std::string help = run({"--help"}).out;
  return found(help.substr(help.find("\nLab:")), "\n  ([a-z][a-z-]+) {2,}[A-Z]");
}

// The lines below "Options:"; examples may have options of others.
Words options() {
  std::string helps = run({"--help"}).out;
  for (const std::string& command : commands()) {
    helps += run({command.c_str(), "--help"}).out;
  }
  helps += run({"clock", "advance", "--help"}).out;
  return found(helps, "\n  (?:-\\w,)?(--[a-z][a-z-]+)");
}

TEST(Manual, HasEveryCommandAndOption) {
  const std::string page = testing_support::read_file(EGRESSCTL_MANUAL);
  EXPECT_THAT(commands(), IsSupersetOf({"validate", "explain", "completion"}));
  // Lines that open an entry have one, or several.
  std::string entries;
  for (const std::string& line : found(page, "\n(\\*[^\n]*)")) entries += line + "\n";
  const Words told_of = found(entries, "\\*([a-z][a-z-]+)\\*");
  for (const std::string& command : commands()) {
    EXPECT_TRUE(told_of.count(command) == 1) << command;
  }
  const Words known = options();
  const Words told = found(page, "\\*(--[a-z][a-z-]+)\\*");
  for (const std::string& option : known) EXPECT_EQ(told.count(option), 1U) << option;
  for (const std::string& option : told) EXPECT_EQ(known.count(option), 1U) << option;
}

}  // namespace
}  // namespace egress::ctl
