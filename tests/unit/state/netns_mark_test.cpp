// SPDX-License-Identifier: MIT
#include "state/netns_mark.hpp"

#include <gtest/gtest.h>

namespace egress::state {
namespace {

constexpr size_t kRoom = 255;  // of an alias

TEST(NetnsMark, IsReadAsItWasWritten) {
  const NetnsMark mark = make_mark("eg", "/var/lib/egressd");
  EXPECT_EQ(to_alias(mark), "egressd eg /var/lib/egressd");
  EXPECT_EQ(parse_mark(to_alias(mark)), mark);
  const NetnsMark spaced = make_mark("lab-2", "/srv/my labs/two");
  EXPECT_EQ(parse_mark(to_alias(spaced)), spaced);
}

TEST(NetnsMark, OfALongPathFitsAndIsNotThatOfANeighbour) {
  const std::string deep = "/" + std::string(400, 'x');
  const NetnsMark one = make_mark("eg", deep + "/one");
  const NetnsMark two = make_mark("eg", deep + "/two");
  EXPECT_EQ(to_alias(one).size(), kRoom);
  EXPECT_NE(one, two);
  EXPECT_EQ(one, make_mark("eg", deep + "/one"));
  EXPECT_EQ(parse_mark(to_alias(one)), one);
  EXPECT_EQ(one.state_dir.substr(0, 100), deep.substr(0, 100)) << "people shall know the place";
  const size_t fits = kRoom - to_alias({"eg", ""}).size();
  EXPECT_EQ(make_mark("eg", std::string(fits, 'x')).state_dir, std::string(fits, 'x'));
}

TEST(NetnsMark, OfAnotherPrefixOrPlaceIsAnother) {
  EXPECT_NE(to_alias(make_mark("eg", "/a")), to_alias(make_mark("eg-b", "/a")));
  EXPECT_NE(to_alias(make_mark("eg", "/a")), to_alias(make_mark("eg", "/b")));
}

TEST(NetnsMark, IsNotSeenInWhatOthersWrite) {
  for (const char* alias : {"", "egressd", "egressd ", "egressd eg", "egressd eg ", "egressd  /x",
                            "Egressd eg /x", "mine", "egressd eg /x\033[2J", "egressd eg /x\n"}) {
    EXPECT_FALSE(parse_mark(alias).has_value()) << alias;
  }
}

}  // namespace
}  // namespace egress::state
