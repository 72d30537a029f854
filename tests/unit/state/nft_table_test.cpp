// SPDX-License-Identifier: MIT
#include "state/nft_table.hpp"

#include <gmock/gmock.h>

#include <string>

namespace egress::state {
namespace {

std::string comment_of(const std::string& comment) {
  const std::string text = to_text(NftRule{"drop", comment});
  return text.substr(std::string("drop comment \"").size());
}

TEST(NftRule, WritesAShortCommentAsItIsAndNoneForNone) {
  EXPECT_EQ(to_text(NftRule{"drop", "nsg/deny"}), "drop comment \"nsg/deny\"");
  EXPECT_EQ(to_text(NftRule{"drop"}), "drop");
  const std::string longest(kNftLongestComment, 'a');
  EXPECT_EQ(comment_of(longest), longest + "\"");
}

TEST(NftRule, CutsACommentThatNftWouldRefuseAndKeepsLongOnesApart) {
  const std::string head(kNftLongestComment, 'a');
  const std::string one = comment_of(head + "one");
  EXPECT_EQ(one.size(), kNftLongestComment + 1);
  EXPECT_THAT(one, testing::MatchesRegex("a+~[0-9a-f]{8}\""));
  EXPECT_NE(one, comment_of(head + "two"));
}

TEST(NftRule, ACommentCannotEndItsOwnQuotes) {
  EXPECT_EQ(comment_of("a\"; flush ruleset\n\xc3"), "a?; flush ruleset??\"");
}

TEST(LogAndDrop, CountsAndTellsWhatItDrops) {
  EXPECT_EQ(log_and_drop("out/apps/deny/deny-sql"),
            "counter log prefix \"out/apps/deny/deny-sql\" group 1 drop");
}

TEST(LogAndDrop, CutsAPrefixThatNftWouldRefuseAndKeepsLongOnesApart) {
  const std::string longest(kNftLongestPrefix, 'a');
  EXPECT_EQ(drop_prefix(longest), longest);
  const std::string one = drop_prefix(longest + "one");
  EXPECT_EQ(one.size(), kNftLongestPrefix);
  EXPECT_THAT(one, testing::MatchesRegex("a+~[0-9a-f]{8}"));
  EXPECT_NE(one, drop_prefix(longest + "two"));
  EXPECT_THAT(log_and_drop(longest + "one"), testing::HasSubstr("\"" + one + "\""));
}

TEST(LogAndDrop, APrefixCannotEndItsOwnQuotes) {
  EXPECT_EQ(drop_prefix("a\" group 2\n"), "a? group 2?");
}

}  // namespace
}  // namespace egress::state
