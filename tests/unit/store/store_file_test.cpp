// SPDX-License-Identifier: MIT
// What becomes of the store's file under its hands, or is to become of it.

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "store/store.hpp"
#include "tests/support/files.hpp"
#include "tests/support/folder.hpp"

namespace egress::store {
namespace {

class StoreFile : public ::testing::Test {
 protected:
  std::string path() const { return folder_ / "egressd.db"; }

  testing_support::Folder folder_{};
};

TEST_F(StoreFile, KnowsThatItsFileIsGoneAndMakesItAgain) {
  Store store(path());
  EXPECT_FALSE(store.lost()) << "nothing was ever saved";
  ASSERT_TRUE(store.save({.version = 1}).ok());
  EXPECT_FALSE(store.lost());
  std::filesystem::remove_all(folder_.path());
  EXPECT_TRUE(store.lost());
  ASSERT_TRUE(store.make_again({.generations = Generations{{"web", 1}}, .version = 2}).ok());
  EXPECT_FALSE(store.lost());
  const Result<Saved> saved = Store(path()).load();
  ASSERT_TRUE(saved.ok()) << saved.error().to_string();
  EXPECT_EQ(saved->version, 2U);
  EXPECT_EQ(saved->generations, (Generations{{"web", 1}}));
}

TEST_F(StoreFile, LeavesAFileAloneThatHasTakenThePlaceOfItsOwn) {
  Store store(path());
  ASSERT_TRUE(store.save({.version = 1}).ok());
  ASSERT_TRUE(Store(path() + ".backup").save({.version = 5}).ok());
  const std::string backup = testing_support::read_file(path() + ".backup");
  std::filesystem::rename(path() + ".backup", path());
  EXPECT_TRUE(store.lost());
  EXPECT_EQ(store.make_again({.version = 2}).error().code, Errc::kConflict);
  EXPECT_EQ(testing_support::read_file(path()), backup);
}

TEST_F(StoreFile, PutsAsideWhatIsDamagedWithWhatBelongsToIt) {
  EXPECT_EQ(*Store(path()).put_aside("old"), "");
  for (const char* end : {"", "-wal"}) std::ofstream(path() + end) << "no database" << end;
  EXPECT_EQ(*Store(path()).put_aside("old"), path() + ".old");
  EXPECT_FALSE(Store(path()).exists());
  for (const char* end : {"", "-wal"}) {
    EXPECT_EQ(testing_support::read_file(path() + ".old" + end), std::string("no database") + end);
  }
  std::ofstream(path()) << "more";
  EXPECT_FALSE(Store(path()).put_aside("old").ok()) << "an older copy stays";
  EXPECT_TRUE(Store(path()).exists());
}

}  // namespace
}  // namespace egress::store
