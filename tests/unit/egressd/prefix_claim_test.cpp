// SPDX-License-Identifier: MIT
#include "egressd/prefix_claim.hpp"

#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "tests/support/folder.hpp"

namespace egress::daemon {
namespace {

using ::testing::HasSubstr;

class PrefixClaimTest : public ::testing::Test {
 protected:
  Result<FileLock> take(const std::string& prefix, const std::string& state_dir = "/state") {
    return claim_prefix(claims(), state::make_mark(prefix, state_dir));
  }
  std::string claims() const { return folder_ / "run/prefixes"; }

  testing_support::Folder folder_{};
};

TEST_F(PrefixClaimTest, KeepsASecondDaemonOutAndNamesTheFirst) {
  const auto first = take("eg", "/srv/first");
  ASSERT_TRUE(first.ok()) << first.error().to_string();
  const auto second = take("eg", "/srv/second");
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().code, Errc::kBusy);
  EXPECT_THAT(second.error().message, HasSubstr("prefix 'eg'"));
  EXPECT_THAT(second.error().message, HasSubstr("/srv/first"));
  EXPECT_THAT(second.error().message, HasSubstr("process " + std::to_string(::getpid())));
}

TEST_F(PrefixClaimTest, KeepsAPrefixOutThatBeginsLikeNamesOfAnother) {
  const auto first = take("eg");
  ASSERT_TRUE(first.ok());
  for (const char* inside : {"eg-app", "eg-worker-plan", "eg-vnet", "eg-host-x-y", "eg-onprem"}) {
    EXPECT_FALSE(take(inside).ok()) << inside;
  }
  const auto longer = take("lab-app-web");
  ASSERT_TRUE(longer.ok());
  EXPECT_THAT(take("lab").error().message, HasSubstr("lab-app-web"));
}

TEST_F(PrefixClaimTest, LetsPrefixesLiveSideBySideThatShareNoName) {
  const auto first = take("eg");
  for (const char* beside : {"egb", "eg-b", "eg-stamp", "eg-apps", "e", "app"}) {
    EXPECT_TRUE(take(beside).ok()) << beside;
  }
}

TEST_F(PrefixClaimTest, EndsWithItsHolder) {
  EXPECT_TRUE(take("eg").ok());
  EXPECT_TRUE(std::filesystem::is_empty(claims()));
  EXPECT_TRUE(take("eg-app").ok());
}

TEST_F(PrefixClaimTest, OfADeadDaemonStandsInNobodysWay) {
  EXPECT_TRUE(take("x").ok());  // makes the folder
  folder_.write("run/prefixes/eg.lock", "process 4711\n");
  EXPECT_TRUE(take("eg-app").ok());
  EXPECT_TRUE(take("eg").ok());
}

TEST_F(PrefixClaimTest, IsNotTakenInAFolderThatOthersMayWrite) {
  EXPECT_TRUE(take("eg").ok());
  ASSERT_EQ(::chmod(claims().c_str(), 0777), 0);
  EXPECT_EQ(take("eg").error().code, Errc::kDenied);
}

TEST(StoppedLabs, KeepOutWhoeverCouldNeedTheirNames) {
  const state::NetnsMark other{"eg", "/srv/other"};
  for (const char* prefix : {"eg", "eg-app", "eg-vnet-x"}) {
    const Status refused = check_stopped_labs({prefix, "/state"}, {{"eg-vnet-hub", other}});
    ASSERT_FALSE(refused.ok()) << prefix;
    EXPECT_EQ(refused.error().code, Errc::kConflict);
    EXPECT_THAT(refused.error().message, HasSubstr("eg-vnet-hub"));
    EXPECT_THAT(refused.error().message, HasSubstr("/srv/other"));
  }
  EXPECT_FALSE(check_stopped_labs({"eg", "/state"}, {{"x", {"eg-app", "/srv/other"}}}).ok());
}

TEST(StoppedLabs, OfOneselfOrOfOtherNamesKeepNobodyOut) {
  EXPECT_TRUE(check_stopped_labs({"eg", "/state"}, {}).ok());
  EXPECT_TRUE(check_stopped_labs({"eg", "/state"}, {{"eg-vnet-hub", {"eg", "/state"}},
                                                    {"eg-b-vnet-hub", {"eg-b", "/other"}}})
                  .ok());
}

}  // namespace
}  // namespace egress::daemon
