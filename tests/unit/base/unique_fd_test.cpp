// SPDX-License-Identifier: MIT
#include "base/unique_fd.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>

namespace egress {
namespace {

bool is_open(int fd) {
  return ::fcntl(fd, F_GETFD) >= 0;
}

int open_null() {
  return ::open("/dev/null", O_RDONLY | O_CLOEXEC);
}

TEST(UniqueFd, ClosesWhatItOwnsOnce) {
  const int fd = open_null();
  ASSERT_TRUE(is_open(fd));
  { const UniqueFd owner(fd); }
  EXPECT_FALSE(is_open(fd));
}

TEST(UniqueFd, PassesOwnershipOn) {
  UniqueFd first(open_null());
  const int fd = first.get();
  UniqueFd second(std::move(first));
  EXPECT_TRUE(is_open(fd));
  EXPECT_EQ(second.get(), fd);
  second = UniqueFd(open_null());
  EXPECT_TRUE(second.valid());
  EXPECT_FALSE(is_open(fd));
}

TEST(UniqueFd, LetsGoWithoutClosing) {
  UniqueFd owner(open_null());
  const int fd = owner.release();
  EXPECT_FALSE(owner.valid());
  EXPECT_TRUE(is_open(fd));
  ::close(fd);
}

TEST(UniqueFd, IsInvalidUntilGivenADescriptor) {
  EXPECT_FALSE(UniqueFd().valid());
  UniqueFd owner(open_null());
  owner.reset();
  EXPECT_FALSE(owner.valid());
}

}  // namespace
}  // namespace egress
