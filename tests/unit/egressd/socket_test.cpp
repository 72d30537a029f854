// SPDX-License-Identifier: MIT
#include "egressd/socket.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <filesystem>
#include <functional>
#include <future>
#include <optional>

#include "base/unique_fd.hpp"
#include "tests/support/folder.hpp"
#include "tests/support/unix_socket.hpp"

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

// What a daemon had forked, and that has not executed its program yet, once the daemon is dead.
class Forked {
 public:
  explicit Forked(const std::function<void()>& begin) {
    std::array<int, 2> ends{};
    EXPECT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
    UniqueFd waits(ends[0]);
    executes_.reset(ends[1]);
    const pid_t daemon = ::fork();
    if (daemon == 0) {
      begin();
      executes_.reset();
      if (::fork() != 0) ::_exit(0);
      char byte = 0;
      const bool ended = ::read(waits.get(), &byte, 1) == 0;
      ::_exit(ended ? 0 : 1);
    }
    EXPECT_EQ(::waitpid(daemon, nullptr, 0), daemon);
  }
  void execute() { executes_.reset(); }

 private:
  UniqueFd executes_{};
};

TEST(FileLock, OfADeadHolderIsNobodysAndComesFreeOnceWhatItForkedHasExecutedItsProgram) {
  const testing_support::Folder folder;
  Forked forked([&] { new FileLock(FileLock::acquire(folder / "lock").value()); });
  EXPECT_FALSE(FileLock::holder(folder / "lock").has_value());
  auto next = std::async(std::launch::async, [&] { return FileLock::acquire(folder / "lock"); });
  EXPECT_EQ(next.wait_for(std::chrono::milliseconds(50)), std::future_status::timeout);
  forked.execute();
  EXPECT_TRUE(next.get().ok());
}

TEST(SocketFile, ReplacesASocketThatOnlyTheForkedOfADeadOneListensOn) {
  const testing_support::Folder folder;
  Forked forked([&] { new SocketFile(SocketFile::listen(folder / "s").value()); });
  EXPECT_TRUE(testing_support::connected_to(folder / "s").valid());
  EXPECT_FALSE(testing_support::answers(folder / "s"));
  EXPECT_TRUE(SocketFile::listen(folder / "s").ok());
}

TEST(SocketFile, IsForOwnerAndGroupAndGoesWithItsOwner) {
  const testing_support::Folder folder;
  const std::string path = folder / "egressd.sock";
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

TEST(SocketFile, MakesNoFolderForAPathThatIsMistyped) {
  const testing_support::Folder folder;
  EXPECT_FALSE(SocketFile::listen(folder / "nonexist/z").ok());
  EXPECT_FALSE(std::filesystem::exists(folder / "nonexist"));
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
