// SPDX-License-Identifier: MIT
#include "egressctl/render/table.hpp"

#include <gmock/gmock.h>

#include "tests/unit/egressctl/screens.hpp"

namespace egress::ctl {
namespace {

const Screen kTerminal{.interactive = true, .columns = 60};

TEST(Table, AlignsColumnsAndLeavesNoBlanksAtLineEnds) {
  Table table({"Name", "Address"});
  table.add({std::string("sql"), std::string("10.1.2.4")});
  table.add({std::string("firewall"), std::string("")});
  EXPECT_EQ(table.to_string(kPipe),
            "Name      Address\n"
            "--------  --------\n"
            "sql       10.1.2.4\n"
            "firewall\n");
}

TEST(Table, CountsColumnsOfTheTerminalAndNotBytes) {
  Table table({"Name", "X"});
  table.add({std::string("größe"), std::string("a")});
  table.add({std::string("広い"), std::string("b")});
  EXPECT_EQ(table.to_string(kPipe),
            "Name   X\n"
            "-----  -\n"
            "größe  a\n"
            "広い   b\n");
}

TEST(Table, PutsColoursOutsideTheWidths) {
  Table table({"A", "B"});
  table.add({Cell("x", Paint::kRed), std::string("y")});
  EXPECT_THAT(table.to_string(kTerminal), testing::EndsWith("\033[31mx\033[0m  y\n"));
}

TEST(Table, LetsNoControlCharacterReachTheTerminal) {
  Table table({"A"});
  table.add(
      {std::string("a\033[2Jb\xc2\x9b"
                   "1mc")});
  EXPECT_THAT(table.to_string(kTerminal), testing::EndsWith("a?[2Jb?1mc\n"));
}

TEST(Table, GoesOnInFurtherLinesOnANarrowScreen) {
  Table table({"Name", "Source", "Where"});
  table.add({std::string("nsg-integration/allow-database-from-apps"),
             std::string("10.1.1.0/26, 10.1.2.0/26"), std::string("x")});
  const Screen narrow{.columns = 40};
  EXPECT_EQ(table.to_string(narrow),
            "Name             Source            Where\n"
            "---------------  ----------------  -----\n"
            "nsg-             10.1.1.0/26,      x\n"
            "integration/     10.1.2.0/26\n"
            "allow-database-\n"
            "from-apps\n");
}

TEST(Table, IsAsWideAsItIsWhereNobodyLooks) {
  Table table({"Name"});
  table.add({std::string(300, 'x')});
  EXPECT_EQ(table.to_string(kPipe),
            "Name\n" + std::string(300, '-') + "\n" + std::string(300, 'x') + "\n");
}

TEST(Facts, GoOnUnderTheirBeginning) {
  EXPECT_EQ(facts({{"why", Cell("one two three four five six")}}, {.columns = 18}),
            "why  one two three\n"
            "     four five six\n");
}

TEST(FoldedTo, CutsLettersOfAnyWidthNever) {
  EXPECT_THAT(folded_to("größe広い", 3), testing::ElementsAre("grö", "ße", "広", "い"));
  EXPECT_THAT(folded_to("", 3), testing::ElementsAre(""));
  EXPECT_THAT(folded_to("ab cd", 2), testing::ElementsAre("ab", "cd"));
  EXPECT_THAT(folded_to("abcdef", 0), testing::ElementsAre("abcdef"));
}

TEST(Facts, LineUpBehindTheLongestName) {
  EXPECT_EQ(facts({{"lab", Cell("a.yaml")}, {"last pass", Cell("never")}}, kPipe),
            "lab        a.yaml\n"
            "last pass  never\n");
}

TEST(DisplayWidth, CountsABrokenByteAsOneColumn) {
  EXPECT_EQ(display_width("a\xff"
                          "b"),
            3U);
  EXPECT_EQ(display_width("ab\xe5\xba"), 4U);  // a letter that is cut off
}

TEST(Wrapped, BreaksAtSpacesAndIndentsWhatFollows) {
  EXPECT_EQ(wrapped("one two three", 2, 9), "one two\n  three");
}

TEST(Wrapped, KeepsAWordLongerThanTheLine) {
  EXPECT_EQ(wrapped("a incomprehensible b", 0, 5), "a\nincomprehensible\nb");
}

TEST(Wrapped, LeavesTextAloneWithoutAWidth) {
  EXPECT_EQ(wrapped("one two three", 2, 0), "one two three");
}

}  // namespace
}  // namespace egress::ctl
