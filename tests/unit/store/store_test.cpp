// SPDX-License-Identifier: MIT
#include "store/store.hpp"

#include <gmock/gmock.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "tests/support/folder.hpp"
#include "tests/unit/ipam/plans.hpp"

namespace egress::store {
namespace {

using ipam::Lease;
using ipam::LeaseState;
using ipam::ref;
using ipam::TimePoint;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;
using ::testing::UnorderedElementsAreArray;
using testing_support::ip;

lifecycle::State some_life() {
  const TimePoint noon(std::chrono::nanoseconds(1700000000123456789));
  return {.instances = {{"plan", {2, lab::OutgoingInstances{3, true, "P1v3"}}},
                        {"other", {1, lab::OutgoingInstances{1, false, ""}}},
                        {"third", {7, {}}}},
          .orphans = {{ref("a"), "plan", "web"}, {ref("a"), "plan", "api"}, {ref("b"), "q", "web"}},
          .scale_changes = {{"plan", {noon, noon, noon + std::chrono::minutes(5)}},
                            {"other", {noon + std::chrono::minutes(1)}}}};
}

lab::Sender app(const std::string& site, int instance, int incarnation = 0) {
  return {.site = site, .instance = instance, .incarnation = incarnation};
}

lifecycle::Recorded recorded(const std::string& operation, size_t changes) {
  lifecycle::Recorded recorded{.at = TimePoint(std::chrono::nanoseconds(1700000000123456789)),
                               .operation = operation};
  for (size_t i = 0; i < changes; ++i) {
    // All the four: nothing, and a text that is empty or not, are told apart.
    recorded.changes.push_back({.path = "sites.web." + std::to_string(i)});
    if (i % 2 == 1) recorded.changes.back().before = i % 4 == 1 ? "" : R"("a")";
    if (i % 3 == 1) recorded.changes.back().after = R"({"b":[1]})";
  }
  return recorded;
}

class StoreTest : public ::testing::Test {
 protected:
  std::string path() const { return folder_ / "egressd.db"; }

  std::vector<Lease> leases(int count) const {
    std::vector<Lease> leases;
    for (int i = 0; i < count; ++i) {
      Lease lease{.holder = {"plan", i, ref("a")},
                  .address = {ip("10.0.0.4").bits + static_cast<uint32_t>(i)},
                  .since = TimePoint(std::chrono::nanoseconds(1700000000123456789 + i))};
      if (i % 3 == 2) lease.holder.site = "web";
      if (i % 3 == 1) lease.holder.incarnation = i;
      if (i % 2 == 1) {
        lease.state = LeaseState::kReleasing;
        lease.release_at = lease.since + std::chrono::hours(12);
      }
      leases.push_back(lease);
    }
    return leases;
  }

  testing_support::Folder folder_{};
};

TEST_F(StoreTest, IsEmptyAndMakesNoFileBeforeTheFirstChange) {
  Store store(path());
  const Result<Saved> saved = store.load();
  ASSERT_TRUE(saved.ok());
  EXPECT_THAT(saved->leases, IsEmpty());
  EXPECT_FALSE(saved->lab);
  EXPECT_TRUE(std::filesystem::is_empty(folder_.path()));
}

TEST_F(StoreTest, ReturnsWhatWasSavedWithEveryField) {
  const lab::LabText lab{.file = "lab.yaml",
                         .text = std::string("a: \"\0\"", 7),
                         .files = {{"tags.json", "{}"}, {"sub/other.json", "[1]"}}};
  // Of one kind each is given once, of two twice.
  const NumberBook numbers{{"apps/plan", {{"web", 2}, {"api", 254}}},
                           {"inside addresses", {{"worker/plan/0", 0xfffffffe}, {"nat/n", 2}}}};
  const tls::Authority authority{.certificate = "certificate", .key = "key"};
  const Generations generations{{"web", 3}, {"api", 1}};
  // Order counts, and so does that there were none.
  const NameServers dns_at_start{{"web", {ip("10.0.0.9"), ip("10.0.0.4")}}, {"api", {}}};
  const TrafficInUse traffic{{"web", {lab::TrafficClass::kImagePull, lab::TrafficClass::kKeyVault}},
                             {"api", {lab::TrafficClass::kBackupRestore}}};
  const std::vector<ImposedText> imposed{
      {.server_farm = "plan", .instance = 1, .impairment = "{}", .held = true, .until_ms = 1700},
      {.server_farm = "plan", .instance = 1, .incarnation = 2, .impairment = "{}"},
      {.server_farm = "slow", .impairment = R"({"loss":0.1})"}};
  ASSERT_TRUE(Store(path())
                  .save({.leases = {.stored = leases(5)},
                         .numbers = numbers,
                         .authority = authority,
                         .lab = lab,
                         .generations = generations,
                         .dns_at_start = dns_at_start,
                         .traffic = traffic,
                         .imposed = imposed,
                         .life = some_life(),
                         .journal_entries = {recorded("scale plan --capacity 3", 12)},
                         .version = 7,
                         .clock_offset = std::chrono::hours(30),
                         .unfinished_starts = 1})
                  .ok());
  const Result<Saved> saved = Store(path()).load();
  ASSERT_TRUE(saved.ok()) << saved.error().to_string();
  EXPECT_THAT(saved->leases, UnorderedElementsAreArray(leases(5)));
  EXPECT_EQ(saved->numbers, numbers);
  EXPECT_EQ(saved->authority, authority);
  EXPECT_EQ(saved->lab, lab);
  EXPECT_EQ(saved->generations, generations);
  EXPECT_EQ(saved->dns_at_start, dns_at_start);
  EXPECT_EQ(saved->traffic, traffic);
  EXPECT_EQ(saved->imposed, imposed);
  EXPECT_EQ(saved->life, some_life());
  EXPECT_EQ(saved->journal, lifecycle::Journal{recorded("scale plan --capacity 3", 12)});
  EXPECT_EQ(saved->version, 7U);
  EXPECT_EQ(saved->clock_offset, std::chrono::hours(30));
  EXPECT_EQ(saved->unfinished_starts, 1);
}

TEST_F(StoreTest, PassesOverClassesOfTrafficThatOnlyALaterVersionKnows) {
  ASSERT_TRUE(Store(path()).save({.generations = Generations{}}).ok());
  {
    Database later = Database::open(path()).value();
    ASSERT_TRUE(later
                    .execute("INSERT INTO traffic_in_use VALUES ('web', 'telemetry'), "
                             "('web', 'image-pull')")
                    .ok());
  }
  EXPECT_EQ(Store(path()).load()->traffic,
            (TrafficInUse{{"web", {lab::TrafficClass::kImagePull}}}));
}

TEST_F(StoreTest, KeepsTheLastReportOfEachStartUntilItIsForgotten) {
  const TimePoint noon(std::chrono::nanoseconds(1700000000123456789));
  Store store(path());
  ASSERT_TRUE(store
                  .save({.startups = {{app("web", 0), noon, "old"},
                                      {app("web", 1), noon, "one"},
                                      {app("web", 1, 3), noon, "next"},
                                      {app("api", 0), noon, "api"}}})
                  .ok());
  ASSERT_TRUE(
      store.save({.startups = {{app("web", 0), noon + std::chrono::hours(1), "new"}}}).ok());
  ASSERT_TRUE(store.save({.forgotten_startups = {app("web", 1), app("nobody", 0)}}).ok());
  const std::vector<StartupReport> startups = Store(path()).load().value().startups;
  ASSERT_EQ(startups.size(), 3U);
  EXPECT_EQ(startups[0].app, app("api", 0));
  EXPECT_EQ(startups[1].app, app("web", 0));
  EXPECT_EQ(startups[1].text, "new");
  EXPECT_EQ(startups[1].started_at, noon + std::chrono::hours(1));
  EXPECT_EQ(startups[2].app, app("web", 1, 3));
  EXPECT_EQ(startups[2].text, "next");
}

TEST_F(StoreTest, LeavesUnsetPartsAlone) {
  Store store(path());
  const lab::LabText lab{.file = "lab.yaml", .text = "x"};
  ASSERT_TRUE(store
                  .save({.leases = {.stored = leases(2)},
                         .lab = lab,
                         .life = some_life(),
                         .journal_entries = {recorded("purge spoke/a", 0)}})
                  .ok());
  ASSERT_TRUE(store.save({.generations = Generations{{"web", 1}}}).ok());
  const Result<Saved> saved = store.load();
  ASSERT_TRUE(saved.ok());
  EXPECT_EQ(saved->lab, lab);
  EXPECT_THAT(saved->leases, UnorderedElementsAreArray(leases(2)));
  EXPECT_EQ(saved->life, some_life());
  EXPECT_EQ(saved->journal, lifecycle::Journal{recorded("purge spoke/a", 0)});
  EXPECT_EQ(saved->generations, (Generations{{"web", 1}}));
}

TEST_F(StoreTest, PutsALifeInPlaceOfTheOneThatStood) {
  Store store(path());
  ASSERT_TRUE(store.save({.life = some_life()}).ok());
  ASSERT_TRUE(store.save({.life = lifecycle::State{}}).ok());
  EXPECT_EQ(store.load()->life, lifecycle::State{});
}

TEST_F(StoreTest, KeepsTheNewestOfTheJournalInTheirOrder) {
  Store store(path());
  for (const char* operation : {"one", "two", "three"}) {
    ASSERT_TRUE(store.save({.journal_entries = {recorded(operation, 2)}}).ok());
  }
  EXPECT_EQ(store.load()->journal,
            (lifecycle::Journal{recorded("one", 2), recorded("two", 2), recorded("three", 2)}));
  ASSERT_TRUE(store.save({.journal_entries = {recorded("four", 0)}, .journal_size = 2}).ok());
  EXPECT_EQ(store.load()->journal, (lifecycle::Journal{recorded("three", 2), recorded("four", 0)}));
  ASSERT_TRUE(store.save({.journal_size = 5}).ok());
  EXPECT_EQ(store.load()->journal.size(), 2U);
  ASSERT_TRUE(store.save({.journal_size = 0}).ok());
  EXPECT_THAT(store.load()->journal, IsEmpty());
  // Nothing of what went comes back with one that is given the same number.
  ASSERT_TRUE(store.save({.journal_entries = {recorded("five", 1)}, .journal_size = 1}).ok());
  EXPECT_EQ(store.load()->journal, lifecycle::Journal{recorded("five", 1)});
}

TEST_F(StoreTest, CountsUnfinishedStartsInADatabaseThatWasMadeBeforeTheyWereCounted) {
  ASSERT_TRUE(Store(path()).save({.generations = Generations{{"web", 1}}}).ok());
  {
    auto database = Database::open(path());
    ASSERT_TRUE(database.ok());
    ASSERT_TRUE(database->execute("DROP TABLE start").ok());
  }
  EXPECT_EQ(Store(path()).load().value().unfinished_starts, 0);
  ASSERT_TRUE(Store(path()).save({.unfinished_starts = 2}).ok());
  const Result<Saved> saved = Store(path()).load();
  ASSERT_TRUE(saved.ok());
  EXPECT_EQ(saved->unfinished_starts, 2);
  EXPECT_EQ(saved->generations, (Generations{{"web", 1}}));
}

TEST_F(StoreTest, LetsANewHolderTakeARemovedLeasesAddress) {
  Store store(path());
  ASSERT_TRUE(store.save({.leases = {.stored = leases(1)}}).ok());
  Lease taken = leases(1)[0];
  taken.holder.server_farm = "other";
  ASSERT_TRUE(store.save({.leases = {.removed = leases(1), .stored = {taken}}}).ok());
  EXPECT_EQ(store.load()->leases, std::vector<Lease>{taken});
}

TEST_F(StoreTest, RefusesASecondHolderOfAnAddressAndKeepsTheWholeChangeOut) {
  Store store(path());
  ASSERT_TRUE(store.save({.leases = {.stored = leases(1)}}).ok());
  Lease second = leases(1)[0];
  second.holder = {"other", 0, ref("b")};
  const Status saved =
      store.save({.leases = {.stored = {second}}, .lab = lab::LabText{.file = "f", .text = "t"}});
  ASSERT_FALSE(saved.ok());
  EXPECT_THAT(saved.error().to_string(), HasSubstr("UNIQUE"));
  EXPECT_EQ(store.load()->leases, leases(1));
  EXPECT_FALSE(store.load()->lab);
}

TEST_F(StoreTest, RefusesASecondAddressOfAHolder) {
  Store store(path());
  ASSERT_TRUE(store.save({.leases = {.stored = leases(1)}}).ok());
  Lease second = leases(1)[0];
  second.address = ip("10.0.0.9");
  const Status saved = store.save({.leases = {.stored = {second}}});
  ASSERT_FALSE(saved.ok());
  EXPECT_THAT(saved.error().to_string(), HasSubstr("UNIQUE"));
}

TEST_F(StoreTest, TellsTheInstancesOfTwoSetsApart) {
  Store store(path());
  ASSERT_TRUE(store.save({.leases = {.stored = leases(1)}}).ok());
  Lease next = leases(1)[0];
  next.holder.incarnation = 1;
  next.address = ip("10.0.0.9");
  ASSERT_TRUE(store.save({.leases = {.stored = {next}}}).ok());
  EXPECT_THAT(store.load()->leases, UnorderedElementsAre(leases(1)[0], next));
  ASSERT_TRUE(store.save({.leases = {.removed = leases(1)}}).ok());
  EXPECT_EQ(store.load()->leases, std::vector<Lease>{next});
}

TEST_F(StoreTest, KeepsWhatAHolderHasLeftBesideWhatItHolds) {
  Store store(path());
  ASSERT_TRUE(store.save({.leases = {.stored = leases(1)}}).ok());
  std::vector<Lease> all;
  for (const char* address : {"10.0.0.4", "10.0.0.5", "10.0.0.6"}) {
    Lease lease = leases(2)[1];
    lease.holder = leases(1)[0].holder;
    lease.address = ip(address);
    all.push_back(lease);
  }
  Lease held = leases(1)[0];
  held.address = ip("10.0.0.7");
  all.push_back(held);
  ASSERT_TRUE(store.save({.leases = {.stored = all}}).ok());
  EXPECT_THAT(store.load()->leases, UnorderedElementsAreArray(all));
  ASSERT_TRUE(store.save({.leases = {.removed = {all[1]}}}).ok());
  all.erase(all.begin() + 1);
  EXPECT_THAT(store.load()->leases, UnorderedElementsAreArray(all));
}

TEST_F(StoreTest, KeepsWhatWasSavedWhenTheProcessIsKilled) {
  const pid_t child = ::fork();
  if (child == 0) {
    Store store(path());
    const bool saved = store.save({.leases = {.stored = leases(3)}}).ok();
    ::kill(::getpid(), saved ? SIGKILL : SIGTERM);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_EQ(WTERMSIG(status), SIGKILL);
  ASSERT_TRUE(std::filesystem::exists(path() + "-wal"));
  const Result<Saved> saved = Store(path()).load();
  ASSERT_TRUE(saved.ok()) << saved.error().to_string();
  EXPECT_THAT(saved->leases, UnorderedElementsAreArray(leases(3)));
}

TEST_F(StoreTest, NamesADamagedFileAndLeavesItAlone) {
  ASSERT_TRUE(Store(path()).save({.leases = {.stored = leases(200)}}).ok());
  const auto size = std::filesystem::file_size(path());
  ASSERT_GT(size, 8192U);
  {
    std::fstream file(path(), std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(4096);
    file << std::string(4096, '\xa5');
  }
  const Result<Saved> saved = Store(path()).load();
  ASSERT_FALSE(saved.ok());
  EXPECT_EQ(saved.error().code, Errc::kInvalid);
  EXPECT_THAT(saved.error().to_string(), HasSubstr(path()));
  EXPECT_EQ(std::filesystem::file_size(path()), size);
}

TEST_F(StoreTest, RefusesAFileThatIsNoDatabase) {
  std::ofstream(path()) << std::string(4096, 'x');
  const Result<Saved> saved = Store(path()).load();
  ASSERT_FALSE(saved.ok());
  EXPECT_EQ(saved.error().code, Errc::kInvalid);
  EXPECT_THAT(saved.error().to_string(), HasSubstr("file is not a database"));
  EXPECT_FALSE(Store(path()).save({.generations = Generations{{"web", 1}}}).ok());
}

TEST_F(StoreTest, RefusesAnotherProgramsDatabaseAndANewerVersion) {
  {
    Database other = Database::open(path()).value();
    ASSERT_TRUE(other.execute("CREATE TABLE theirs (x)").ok());
  }
  EXPECT_EQ(Store(path()).load().error().code, Errc::kInvalid);
  std::filesystem::remove(path());

  ASSERT_TRUE(Store(path()).save({.generations = Generations{}}).ok());
  {
    Database newer = Database::open(path()).value();
    ASSERT_TRUE(newer.execute("PRAGMA user_version = 3").ok());
  }
  EXPECT_EQ(Store(path()).load().error().code, Errc::kUnsupported);
}

TEST_F(StoreTest, LeavesNoFileBehindWhenErased) {
  Store store(path());
  ASSERT_TRUE(store.save({.leases = {.stored = leases(3)}}).ok());
  ASSERT_TRUE(store.erase().ok());
  EXPECT_TRUE(std::filesystem::is_empty(folder_.path()));
  ASSERT_TRUE(store.save({.leases = {.stored = leases(1)}}).ok());
  EXPECT_EQ(store.load()->leases, leases(1));
}

TEST_F(StoreTest, FinishesAnErasureThatWasCutShort) {
  Store store(path());
  ASSERT_TRUE(store.save({.leases = {.stored = leases(3)}}).ok());
  std::filesystem::remove(path());  // erase() begins with it
  EXPECT_FALSE(std::filesystem::is_empty(folder_.path()));
  EXPECT_TRUE(Store(path()).load()->leases.empty());
  EXPECT_TRUE(std::filesystem::is_empty(folder_.path()));
}

TEST_F(StoreTest, KeepsTheFileToItsOwner) {
  ASSERT_TRUE(Store(path()).save({.generations = Generations{}}).ok());
  struct stat found {};
  ASSERT_EQ(::stat(path().c_str(), &found), 0);
  EXPECT_EQ(found.st_mode & 0777U, 0600U);
}

}  // namespace
}  // namespace egress::store
