// SPDX-License-Identifier: MIT
#include "base/folder.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "base/unique_fd.hpp"
#include "tests/support/folder.hpp"

namespace egress {
namespace {

using ::testing::HasSubstr;

class FolderTest : public ::testing::Test {
 protected:
  static unsigned mode_of(const std::string& path) {
    struct stat found {};
    EXPECT_EQ(::stat(path.c_str(), &found), 0) << path;
    return found.st_mode & 07777U;
  }
  static void expect_denied(const std::string& path, const std::string& why) {
    const Status status = check_own_folder(path);
    ASSERT_FALSE(status.ok()) << path;
    EXPECT_EQ(status.error().code, Errc::kDenied);
    EXPECT_THAT(status.error().message, HasSubstr(path));
    EXPECT_THAT(status.error().message, HasSubstr(why));
  }

  testing_support::Folder folder_{};
  const std::string root_ = folder_.path().string();
};

TEST_F(FolderTest, IsMadeWithItsModeWhateverTheUmask) {
  for (const mode_t mask : {mode_t{0}, mode_t{022}, mode_t{077}}) {
    const mode_t usual = ::umask(mask);
    const std::string top = root_ + "/" + std::to_string(mask);
    const Status made = make_folder(top + "/between/last/", 0750);
    ::umask(usual);
    ASSERT_TRUE(made.ok()) << made.error().to_string();
    EXPECT_EQ(mode_of(top), 0755U);
    EXPECT_EQ(mode_of(top + "/between"), 0755U);
    EXPECT_EQ(mode_of(top + "/between/last"), 0750U);
  }
}

TEST_F(FolderTest, ThatIsThereStaysAsItIs) {
  ASSERT_EQ(::mkdir((root_ + "/there").c_str(), 0700), 0);
  EXPECT_TRUE(make_folder(root_ + "/there", 0755).ok());
  EXPECT_TRUE(make_folder("", 0755).ok());
  EXPECT_EQ(mode_of(root_ + "/there"), 0700U);
}

TEST_F(FolderTest, ThatOthersMayWriteIsNotTrusted) {
  const std::string folder = root_ + "/open";
  ASSERT_TRUE(make_folder(folder, 0777).ok());
  expect_denied(folder, "mode 0777");
  ASSERT_EQ(::chmod(folder.c_str(), 0775), 0);
  expect_denied(folder, "chmod go-w");
  ASSERT_EQ(::chmod(folder.c_str(), 0755), 0);
  EXPECT_TRUE(check_own_folder(folder).ok());
}

TEST_F(FolderTest, ThatIsALinkOrAFileIsNotTrusted) {
  ASSERT_EQ(::mkdir((root_ + "/real").c_str(), 0755), 0);
  std::filesystem::create_symlink(root_ + "/real", root_ + "/link");
  expect_denied(root_ + "/link", "is a link");
  EXPECT_EQ(check_own_folder(root_ + "/none").error().code, Errc::kNotFound);
}

TEST_F(FolderTest, OfAnotherUserIsNotTrusted) {
  if (::geteuid() != 0) return;  // nobody else can give a folder away
  const std::string folder = root_ + "/theirs";
  ASSERT_TRUE(make_folder(folder, 0755).ok());
  ASSERT_EQ(::chown(folder.c_str(), 65534, 65534), 0);
  expect_denied(folder, "belongs to user 65534");
}

TEST(SameFile, IsNoLongerNamedOnceAnotherTookItsPlace) {
  const testing_support::Folder folder;
  const std::string path = folder.write("lock", "");
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  EXPECT_TRUE(same_file(fd.get(), path));
  std::filesystem::rename(folder.write("other", ""), path);
  EXPECT_FALSE(same_file(fd.get(), path));
  std::filesystem::remove(path);
  EXPECT_FALSE(same_file(fd.get(), path));
}

}  // namespace
}  // namespace egress
