// SPDX-License-Identifier: MIT
#include "base/copy_on_write.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>

namespace egress {
namespace {

TEST(CopyOnWrite, CopiesShareUntilOneIsChanged) {
  CopyOnWrite<std::string> one(std::string("lab"));
  CopyOnWrite<std::string> other = one;
  EXPECT_TRUE(one.shares_with(other));
  other->push_back('s');
  EXPECT_FALSE(one.shares_with(other));
  EXPECT_EQ(*one, "lab");
  EXPECT_EQ(*other, "labs");
}

TEST(CopyOnWrite, OneThatSharesWithNobodyIsChangedInPlace) {
  CopyOnWrite<std::string> one(std::string("lab"));
  const std::string* const before = &*one;
  one.change() = "labs";
  EXPECT_EQ(&*one, before);
}

TEST(CopyOnWrite, LookingUnsharesNothing) {
  CopyOnWrite<std::string> one(std::string("lab"));
  const CopyOnWrite<std::string> other = one;
  EXPECT_EQ(std::as_const(one)->size(), 3U);
  EXPECT_TRUE(one.shares_with(other));
}

TEST(CopyOnWrite, EqualsByValue) {
  EXPECT_EQ(CopyOnWrite<std::string>(std::string("lab")),
            CopyOnWrite<std::string>(std::string("lab")));
  EXPECT_NE(CopyOnWrite<std::string>(std::string("lab")), CopyOnWrite<std::string>());
}

}  // namespace
}  // namespace egress
