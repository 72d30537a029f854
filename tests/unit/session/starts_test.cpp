// SPDX-License-Identifier: MIT
#include "session/starts.hpp"

#include <gmock/gmock.h>

#include "session/session.hpp"
#include "tests/support/folder.hpp"

namespace egress::session {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using Apps = std::vector<std::string>;

// "web" pulls an image, "api" asks for a secret, "plain" asks the platform for nothing.
std::string lab(const std::string& web = "web:1", int instances = 1, const std::string& more = "") {
  return R"-(
outboundIpAddresses: [20.50.1.4]
sites:
  web: {serverFarm: plan, linuxFxVersion: DOCKER|images.azurecr.io/)-" +
         web + R"-(}
  api: {serverFarm: plan, appSettings: {DB: "@Microsoft.KeyVault(VaultName=keys;SecretName=db)"}}
  plain: {serverFarm: plan}
serverFarms: {plan: {capacity: )-" +
         std::to_string(instances) + "}}\n" + more;
}

lab::Sender app(const std::string& site, int instance, int incarnation = 0) {
  return {.site = site, .instance = instance, .incarnation = incarnation};
}

policy::PlatformReport failed() {
  return {.running = false, .failed_step = lab::TrafficClass::kImagePull, .reason = "no image"};
}

class StartsTest : public ::testing::Test {
 protected:
  Session open() const {
    Session session({.prefix = "eg"}, store::Store(folder_ / "egressd.db"));
    EXPECT_TRUE(session.restore(now()).ok());
    return session;
  }
  static ipam::TimePoint now() { return ipam::TimePoint(std::chrono::hours(500'000)); }

  static void apply(Session& session, const std::string& text) {
    Outcome outcome =
        propose(*session.current(), {.file = "lab.yaml", .text = text}, session.terms(), now());
    ASSERT_TRUE(std::holds_alternative<Proposal>(outcome))
        << std::get<Refusal>(outcome).error.to_string();
    ASSERT_TRUE(session.adopt(std::get<Proposal>(std::move(outcome))).ok());
  }
  static void restart(Session& session, const std::string& site) {
    Outcome outcome = propose_restart(*session.current(), site, session.terms());
    ASSERT_TRUE(session.adopt(std::get<Proposal>(std::move(outcome))).ok());
  }
  // Those whose starts are still to be performed.
  static Apps pending(const Session& session) {
    Apps apps;
    for (const auto& [which, startup] : session.startups()) {
      if (!startup.report) apps.push_back(which.to_string());
    }
    return apps;
  }
  static void move_on(Session& session) {
    Outcome outcome = propose_stage(*session.current(), session.terms(), now());
    ASSERT_TRUE(session.adopt(std::get<Proposal>(std::move(outcome))).ok());
  }
  // Of the plan's new instances: how many have started, and how many there are.
  static std::pair<int, int> progress_of(const Session& session) {
    const NextStarted next = next_started(session.startups(), *session.network(), "plan");
    return {next.started, next.of};
  }
  static void record(Session& session, const lab::Sender& which,
                     policy::PlatformReport report = {}) {
    Startup startup = session.startups().at(which);
    startup.started_at = now();
    startup.report = std::move(report);
    ASSERT_TRUE(session.record({{which, std::move(startup)}}).ok());
  }
  static void record_all(Session& session) {
    const Startups all = session.startups();
    for (const auto& [which, startup] : all) record(session, which);
  }

  testing_support::Folder folder_{};
};

TEST_F(StartsTest, AreOfInstancesThatAskThePlatformForSomething) {
  Session session = open();
  apply(session, lab("web:1", 2));
  EXPECT_THAT(pending(session), ElementsAre("api/0", "api/1", "web/0", "web/1"));
  record_all(session);
  EXPECT_THAT(pending(session), IsEmpty());
}

TEST_F(StartsTest, FollowWhenTheSiteChangesOrIsRestartedOrHasNewInstances) {
  Session session = open();
  apply(session, lab());
  record_all(session);
  apply(session, lab() + "# nothing that matters to sites\n");
  EXPECT_THAT(pending(session), IsEmpty());
  apply(session, lab("web:2"));
  EXPECT_THAT(pending(session), ElementsAre("web/0"));
  record_all(session);
  restart(session, "API");
  EXPECT_THAT(pending(session), ElementsAre("api/0"));
  record_all(session);
  apply(session, lab("web:2", 3));
  EXPECT_THAT(pending(session), ElementsAre("api/1", "api/2", "web/1", "web/2"));
  record_all(session);
  apply(session, lab("web:2", 1));
  EXPECT_EQ(session.startups().size(), 2U);
}

TEST_F(StartsTest, FollowWithEveryChangeForThoseThatLackSomething) {
  Session session = open();
  apply(session, lab());
  record(session, app("web", 0), failed());
  record(session, app("api", 0), {.references = {{"DB", false, "time-out"}}});
  apply(session, lab());
  EXPECT_THAT(pending(session), IsEmpty()) << "nothing has changed";
  Outcome advanced =
      propose_advance(*session.current(), std::chrono::hours(1), session.terms(), now());
  ASSERT_TRUE(session.adopt(std::get<Proposal>(std::move(advanced))).ok());
  EXPECT_THAT(pending(session), IsEmpty()) << "time mends nothing";
  apply(session, lab("web:1", 1, "routeTables: {new: {}}\n"));
  EXPECT_THAT(pending(session), ElementsAre("api/0", "web/0"));
}

TEST_F(StartsTest, AreNotRepeatedByTheNextDaemonButForThoseThatAreLeft) {
  {
    Session session = open();
    apply(session, lab("web:1", 2));
    record(session, app("web", 0), failed());
    record(session, app("api", 1), {.notes = {"a note"}});
  }
  const Session session = open();
  EXPECT_THAT(pending(session), ElementsAre("api/0", "web/1"));
  const Startup& web = session.startups().at(app("web", 0));
  EXPECT_TRUE(*web.report == failed());
  EXPECT_EQ(web.started_at, now());
  EXPECT_THAT(session.startups().at(app("api", 1)).report->notes, ElementsAre("a note"));
}

TEST_F(StartsTest, AreForgottenWhereTheyHaveBegunAnew) {
  {
    Session session = open();
    apply(session, lab());
    record_all(session);
    restart(session, "web");
  }
  EXPECT_THAT(pending(open()), ElementsAre("web/0"));
}

TEST_F(StartsTest, HaveNoReportOfAnEarlierOne) {
  Session session = open();
  apply(session, lab());
  Startup early = session.startups().at(app("web", 0));
  early.report.emplace();
  restart(session, "web");
  ASSERT_TRUE(session.record({{app("web", 0), early}}).ok());
  EXPECT_THAT(pending(session), ElementsAre("api/0", "web/0"));
  ASSERT_TRUE(session.record({{app("gone", 0), early}}).ok());
  EXPECT_EQ(session.startups().size(), 2U);
}

std::string sized(const std::string& sku, int instances = 1) {
  std::string text = lab("web:1", instances);
  return text.replace(text.find("plan: {"), 7, "plan: {sku: " + sku + ", ");
}

TEST_F(StartsTest, FollowOnNewInstancesAloneWhenThePlansSizeChanges) {
  Session session = open();
  apply(session, sized("P1v3", 2));
  record_all(session);
  apply(session, sized("P2v3", 2));
  EXPECT_THAT(session.startups(), SizeIs(8));
  const auto is_next = [](const auto& each) { return each.first.incarnation == 1; };
  for (const auto& each : session.startups()) {
    EXPECT_NE(each.second.report.has_value(), is_next(each)) << each.first.to_string();
  }
  move_on(session);
  EXPECT_THAT(session.startups(), SizeIs(4)) << "nobody asks those that end";
  EXPECT_THAT(pending(session), SizeIs(4));
  record_all(session);
  move_on(session);
  EXPECT_THAT(pending(session), IsEmpty());
  EXPECT_THAT(pending(open()), IsEmpty());
}

TEST_F(StartsTest, OfNewInstancesAreCountedUntilAllHaveTried) {
  Session session = open();
  apply(session, sized("P1v3", 2));
  record_all(session);
  EXPECT_EQ(progress_of(session), std::pair(0, 0));
  apply(session, sized("P2v3", 3));
  EXPECT_EQ(progress_of(session), std::pair(0, 3));
  record(session, app("web", 0, 1));
  EXPECT_EQ(progress_of(session), std::pair(0, 3)) << "there are two on it";
  record(session, app("api", 0, 1), failed());
  EXPECT_EQ(progress_of(session), std::pair(1, 3));
  record_all(session);
  EXPECT_EQ(progress_of(session), std::pair(3, 3));
}

TEST_F(StartsTest, AreThoseOfTheInstancesThatServeUnlessOthersAreNamed) {
  Session session = open();
  apply(session, sized("P1v3"));
  record(session, app("web", 0), {.notes = {"old"}});
  apply(session, sized("P2v3"));
  record(session, app("web", 0, 1), {.notes = {"new"}});
  const auto notes_of = [&](const lab::Sender& which) {
    const Startup* startup = startup_of(session.startups(), *session.network(), which);
    return startup == nullptr ? Apps{"none"} : startup->report->notes;
  };
  EXPECT_THAT(notes_of({"WEB", 0}), ElementsAre("old"));
  EXPECT_THAT(notes_of(app("web", 0, 1)), ElementsAre("new"));
  EXPECT_THAT(notes_of({"web", 1}), ElementsAre("none"));
  EXPECT_THAT(notes_of({"plain", 0}), ElementsAre("none")) << "asks for nothing";
  move_on(session);
  EXPECT_THAT(notes_of({"web", 0}), ElementsAre("new"));
}

TEST_F(StartsTest, EndWithTheLab) {
  Session session = open();
  apply(session, lab());
  record_all(session);
  session.forget();
  EXPECT_THAT(session.startups(), IsEmpty());
  ASSERT_TRUE(session.erase().ok());
  apply(session, lab());
  EXPECT_THAT(pending(session), ElementsAre("api/0", "web/0"));
}

TEST_F(StartsTest, ThatThisVersionCannotReadAreRepeated) {
  {
    Session session = open();
    apply(session, lab());
    record_all(session);
  }
  ASSERT_TRUE(store::Store(folder_ / "egressd.db")
                  .save({.startups = {{app("web", 0), now(), R"({"new": 1})"}}})
                  .ok());
  EXPECT_THAT(pending(open()), ElementsAre("web/0"));
}

}  // namespace
}  // namespace egress::session
