// SPDX-License-Identifier: MIT
#include "egressd/socket.hpp"

#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <optional>

#include "tests/support/folder.hpp"

namespace egress::daemon {
namespace {

using ::testing::HasSubstr;

TEST(FileLock, KeepsASecondHolderOutAndNamesTheFirst) {
  const testing_support::Folder folder;
  {
    const auto first = FileLock::acquire(folder / "lock");
    ASSERT_TRUE(first.ok());
    const auto second = FileLock::acquire(folder / "lock");
    ASSERT_FALSE(second.ok());
    EXPECT_EQ(second.error().code, Errc::kBusy);
    EXPECT_THAT(second.error().message, HasSubstr(std::to_string(::getpid())));
  }
  EXPECT_FALSE(std::filesystem::exists(folder / "lock"));
  EXPECT_TRUE(FileLock::acquire(folder / "lock").ok());
}

TEST(FileLock, TakesOverTheFileOfADeadHolder) {
  const testing_support::Folder folder;
  folder.write("lock", "4711\n");
  EXPECT_TRUE(FileLock::acquire(folder / "lock").ok());
}

TEST(SocketFile, IsForOwnerAndGroupAndGoesWithItsOwner) {
  const testing_support::Folder folder;
  const std::string path = folder / "sub/egressd.sock";
  {
    const auto socket = SocketFile::listen(path);
    ASSERT_TRUE(socket.ok()) << socket.error().to_string();
    struct stat found {};
    ASSERT_EQ(::stat(path.c_str(), &found), 0);
    EXPECT_TRUE(S_ISSOCK(found.st_mode));
    EXPECT_EQ(found.st_mode & 0777U, 0660U);
  }
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST(SocketFile, ReplacesASocketThatNobodyAnswersOn) {
  const testing_support::Folder folder;
  const std::string path = folder / "s";
  {
    auto dead = SocketFile::listen(path);
    ASSERT_TRUE(dead.ok());
    dead->take_fd().reset();
    ASSERT_TRUE(std::filesystem::exists(path));
    EXPECT_TRUE(SocketFile::listen(path).ok());
  }
}

TEST(SocketFile, LeavesALivingSocketAlone) {
  const testing_support::Folder folder;
  const auto living = SocketFile::listen(folder / "s");
  ASSERT_TRUE(living.ok());
  const auto second = SocketFile::listen(folder / "s");
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().code, Errc::kBusy);
}

TEST(SocketFile, LeavesOtherFilesAlone) {
  const testing_support::Folder folder;
  const auto socket = SocketFile::listen(folder.write("s", "precious"));
  ASSERT_FALSE(socket.ok());
  EXPECT_EQ(socket.error().code, Errc::kExists);
  EXPECT_TRUE(std::filesystem::is_regular_file(folder / "s"));
}

TEST(SocketFile, RefusesAPathThatNoSocketCanHave) {
  const auto socket = SocketFile::listen("/tmp/" + std::string(200, 'x'));
  ASSERT_FALSE(socket.ok());
  EXPECT_EQ(socket.error().code, Errc::kInvalid);
}

}  // namespace
}  // namespace egress::daemon
