// SPDX-License-Identifier: MIT
#include "lab/suggest.hpp"

#include <gtest/gtest.h>

#include "lab/limits.hpp"

namespace egress::lab {
namespace {

const std::vector<std::string> kWords = {"addressPrefix", "addressPrefixes", "delegations", "to"};

TEST(Nearest, FindsTypingErrors) {
  EXPECT_EQ(nearest("adressPrefix", kWords), "addressPrefix");
  EXPECT_EQ(nearest("addressPrefixs", kWords), "addressPrefix");
  EXPECT_EQ(nearest("delegatoins", kWords), "delegations");
  EXPECT_EQ(nearest("DELEGATION", kWords), "delegations");
}

TEST(Nearest, FindsNothingForAnotherWord) {
  EXPECT_EQ(nearest("capacity", kWords), std::nullopt);
  EXPECT_EQ(nearest("xy", kWords), std::nullopt);
  EXPECT_EQ(nearest("", kWords), std::nullopt);
  EXPECT_EQ(nearest(std::string(1'000'000, 'a'), kWords), std::nullopt);
}

TEST(Nearest, CountsASwapOfNeighboursAsOneEdit) {
  EXPECT_EQ(nearest("ot", {"to"}), "to");
}

TEST(Shown, KeepsMessagesShortAndOnOneLine) {
  EXPECT_EQ(shown("plain"), "plain");
  EXPECT_EQ(shown("a\nb\x7f"), "a\\x0ab\\x7f");
  EXPECT_EQ(shown(std::string(kMaxQuoted + 1, 'x')), std::string(kMaxQuoted, 'x') + "...");
}

TEST(Shown, DoesNotCutACharacter) {
  EXPECT_EQ(shown(std::string(kMaxQuoted - 1, 'x') + "\u00e9\u00e9"),
            std::string(kMaxQuoted - 1, 'x') + "...");
}

TEST(WithHint, PutsAHintBehindTheSentence) {
  EXPECT_EQ(with_hint("no such plan", "did you mean 'plan'?"),
            "no such plan; did you mean 'plan'?");
  EXPECT_EQ(with_hint("It is full.", "59 are usable"), "It is full. (59 are usable)");
  EXPECT_EQ(with_hint("It is full.", ""), "It is full.");
}

TEST(OneOf, JoinsWordsForPeople) {
  EXPECT_EQ(one_of({"a"}), "a");
  EXPECT_EQ(one_of({"a", "b", "c"}), "a, b or c");
}

}  // namespace
}  // namespace egress::lab
