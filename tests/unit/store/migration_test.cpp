// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "store/store.hpp"
#include "tests/support/folder.hpp"
#include "tests/support/values.hpp"

namespace egress::store {
namespace {

using ipam::TimePoint;
using ::testing::Contains;
using ::testing::Gt;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAreArray;
using testing_support::ip;

TimePoint nanoseconds(int64_t since_epoch) {
  return TimePoint(std::chrono::nanoseconds(since_epoch));
}

// How many statements a process still begins before one of them is its end.
int statements_left = 0;

int kill_at_the_last_one(unsigned /*event*/, void* /*context*/, void* /*statement*/,
                         void* /*sql*/) {
  if (statements_left-- == 0) ::kill(::getpid(), SIGKILL);
  return 0;
}

int count_statements(sqlite3* database, char** /*error*/,
                     const sqlite3_api_routines* /*routines*/) {
  return sqlite3_trace_v2(database, SQLITE_TRACE_STMT, kill_at_the_last_one, nullptr);
}

class Migration : public ::testing::Test {
 protected:
  std::string path() const { return folder_ / "egressd.db"; }

  void SetUp() override {
    std::stringstream sql;
    sql << std::ifstream(SCHEMA_1).rdbuf();
    Database database = Database::open(folder_ / "made").value();
    const Status made = database.execute(sql.str().c_str());
    ASSERT_TRUE(made.ok()) << made.error().to_string();
  }

  // A database of version 1, closed in good order.
  void put() const {
    for (const char* suffix : {"", "-wal", "-shm"}) std::filesystem::remove(path() + suffix);
    std::filesystem::copy_file(folder_ / "made", path());
  }

  // Reads the database in another process, which is killed once it has begun so many statements.
  // False when it has read all of it before.
  bool is_killed_before(int statement) const {
    const pid_t child = ::fork();
    if (child == 0) {
      statements_left = statement;
      sqlite3_auto_extension(reinterpret_cast<void (*)()>(count_statements));
      ::_exit(Store(path()).load().ok() ? 0 : 1);
    }
    int status = 0;
    EXPECT_EQ(::waitpid(child, &status, 0), child);
    if (WIFSIGNALED(status)) return true;
    EXPECT_EQ(WEXITSTATUS(status), 0);
    return false;
  }

  int64_t version() const {
    return Database::open(path()).value().integer("PRAGMA user_version").value();
  }

  testing_support::Folder folder_{};
};

void expect_everything(const Saved& saved) {
  const std::vector<ipam::Lease> leases{{.holder = {"plan", 0, {"spoke", "apps"}},
                                         .address = ip("10.1.1.4"),
                                         .since = nanoseconds(1700000000123456789)},
                                        {.holder = {"plan", 1, {"spoke", "apps"}},
                                         .address = ip("10.1.1.5"),
                                         .state = ipam::LeaseState::kReleasing,
                                         .since = nanoseconds(1700000000123456790),
                                         .release_at = nanoseconds(1700043200123456790)},
                                        {.holder = {"other", 0, {"hub", "jobs"}},
                                         .address = ip("10.1.1.4"),
                                         .since = nanoseconds(1700000000123456791)}};
  EXPECT_THAT(saved.leases, UnorderedElementsAreArray(leases));
  EXPECT_EQ(saved.lab, (lab::LabText{.file = "lab.yaml",
                                     .text = "location: westeurope",
                                     .files = {{"tags.json", "{}"}, {"sub/other.json", "[1]"}}}));
  EXPECT_EQ(saved.generations, (Generations{{"web", 3}, {"api", 1}}));
  EXPECT_EQ(saved.dns_at_start,
            (NameServers{{"web", {ip("10.1.1.9"), ip("10.1.1.4")}}, {"api", {}}}));
  EXPECT_EQ(saved.traffic, (TrafficInUse{{"web", {lab::TrafficClass::kImagePull}}}));
  ASSERT_EQ(saved.startups.size(), 1U);
  EXPECT_EQ(saved.startups[0].app, (lab::Sender{.site = "web", .instance = 1, .incarnation = 0}));
  EXPECT_EQ(saved.startups[0].started_at, nanoseconds(1700000000123456789));
  EXPECT_EQ(saved.startups[0].text, "a report");
  EXPECT_EQ(saved.imposed, (std::vector<ImposedText>{{.server_farm = "plan",
                                                      .instance = 1,
                                                      .impairment = "{}",
                                                      .held = true,
                                                      .until_ms = 1700}}));
  EXPECT_THAT(saved.numbers, IsEmpty());
  EXPECT_EQ(saved.life, lifecycle::State{});
  EXPECT_THAT(saved.journal, IsEmpty());
  EXPECT_EQ(saved.version, 7U);
  EXPECT_EQ(saved.clock_offset, std::chrono::hours(30));
  EXPECT_EQ(saved.unfinished_starts, 1);
}

TEST_F(Migration, FromTheFirstVersionKeepsEveryField) {
  put();
  const Result<Saved> saved = Store(path()).load();
  ASSERT_TRUE(saved.ok()) << saved.error().to_string();
  expect_everything(*saved);
  EXPECT_EQ(version(), 2);
}

TEST_F(Migration, FromTheFirstVersionIsWholeOrNotAtAllWhereverItIsKilled) {
  std::vector<int64_t> versions;
  for (int statement = 0;; ++statement) {
    SCOPED_TRACE(statement);
    put();
    if (!is_killed_before(statement)) break;
    versions.push_back(version());
    const Result<Saved> saved = Store(path()).load();
    ASSERT_TRUE(saved.ok()) << saved.error().to_string();
    expect_everything(*saved);
    EXPECT_EQ(version(), 2);
  }
  EXPECT_THAT(versions, SizeIs(Gt(20))) << "the trace sees single statements";
  EXPECT_THAT(versions, Contains(1)) << "before it ended";
  EXPECT_THAT(versions, Contains(2)) << "behind it";
  EXPECT_TRUE(std::is_sorted(versions.begin(), versions.end()));
}

TEST_F(Migration, FromTheFirstVersionTakesADatabaseThatHadNeitherStartsNorWires) {
  put();
  ASSERT_TRUE(
      Database::open(path()).value().execute("DROP TABLE startup; DROP TABLE imposed").ok());
  const Result<Saved> saved = Store(path()).load();
  ASSERT_TRUE(saved.ok()) << saved.error().to_string();
  EXPECT_THAT(saved->startups, IsEmpty());
  EXPECT_THAT(saved->imposed, IsEmpty());
  EXPECT_THAT(saved->leases, SizeIs(3));
}

TEST_F(Migration, LeavesADatabaseThatCanBeWritten) {
  put();
  Store store(path());
  Saved saved = store.load().value();
  const auto waiting =
      std::find_if(saved.leases.begin(), saved.leases.end(),
                   [](const auto& lease) { return lease.state == ipam::LeaseState::kReleasing; });
  ASSERT_NE(waiting, saved.leases.end());
  ipam::Lease again = *waiting;
  again.address = ip("10.1.1.6");
  again.state = ipam::LeaseState::kHeld;
  again.release_at.reset();
  ASSERT_TRUE(store.save({.leases = {.stored = {again}}}).ok());
  saved.leases.push_back(again);
  EXPECT_THAT(store.load()->leases, UnorderedElementsAreArray(saved.leases));
}

}  // namespace
}  // namespace egress::store
