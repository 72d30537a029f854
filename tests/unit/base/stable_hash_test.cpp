// SPDX-License-Identifier: MIT
#include "base/stable_hash.hpp"

#include <gtest/gtest.h>

namespace egress {
namespace {

TEST(StableHash, IsThePublishedFnv1a) {
  EXPECT_EQ(fnv1a(""), 0xcbf29ce484222325U);
  EXPECT_EQ(fnv1a("a"), 0xaf63dc4c8601ec8cU);
  EXPECT_EQ(fnv1a("foobar"), 0x85944171f73967e8U);
}

TEST(StableHash, OfAnotherBasisIsAnotherFunction) {
  EXPECT_NE(fnv1a("a", kFnvBasis ^ 1U), fnv1a("a"));
}

TEST(StableHash, FinishesHaveTheValuesTheyAlwaysHad) {
  EXPECT_EQ(folded(fnv1a("subnet/apps")) % 64001, 19022U - 1000U);
  EXPECT_EQ(scattered(kGoldenRatio), 0xe220a8397b1dcdafU);  // SplitMix64's first, seed 0
}

TEST(Digest, HasTheValueItAlwaysHad) {
  Digest digest;
  digest.add("/var/lib/egressd");
  EXPECT_EQ(digest.text(), "e5a4881a39a59495f6fd8f4c86f38f7f");
}

TEST(Digest, TellsWhereOneTextEndsAndTheNextBegins) {
  Digest one;
  one.add("ab");
  one.add("c");
  Digest other;
  other.add("a");
  other.add("bc");
  EXPECT_NE(one.text(), other.text());
}

}  // namespace
}  // namespace egress
