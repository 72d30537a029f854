// SPDX-License-Identifier: MIT

// The lines that starts and backups leave, and what is noted beside them.

#include <fmt/format.h>

#include "tests/unit/policy/platform/made_up.hpp"

namespace egress::policy::test {
namespace {

using namespace made_up;
using lab::TrafficClass;
using lab::Verdict;
using testing::ElementsAre;
using testing::IsEmpty;

TEST(PlatformLog, SaysOfAnImageWhatAppServiceSays) {
  const Lines tail = {"Image pull failed. Defaulting to local copy if present."};
  struct Case {
    const char* site;
    Fate fate;
    Lines lines;
  };
  const char* on = "{outboundVnetRouting: {imagePullTraffic: true}}";
  const std::string url = "tcp://images.azurecr.io:443 from ";
  for (const Case& each :
       {Case{"{}", reached(), {"Pulling image images.azurecr.io/web:1."}},
        Case{on, reached(), {"Attempting to pull image images.azurecr.io/web:1 from VNET."}},
        Case{"{}",
             forbidden(),
             {"Pulling image images.azurecr.io/web:1.", "client 20.50.1.4 is not allowed",
              tail.front(), url + "20.50.1.4: Forbidden by there: A rule."}},
        Case{"{}",
             unresolved(),
             {"Pulling image images.azurecr.io/web:1.", tail.front(),
              url + "web/0 image-pull: Unresolved by publicDns: It says no."}},
        Case{on,
             denied(),
             {"Attempting to pull image images.azurecr.io/web:1 from VNET.",
              "Pulling docker image images.azurecr.io/web:1 over VNET failed.", tail.front(),
              url + "web/0 image-pull: Deny by nsg/no: It says no."}},
        Case{on,
             forbidden(),
             {"Attempting to pull image images.azurecr.io/web:1 from VNET.",
              "Pulling docker image images.azurecr.io/web:1 over VNET failed.", tail.front(),
              url + "20.50.1.4: Forbidden by there: A rule."}}}) {
    const auto report = start(lab_of(each.site), {{"images.azurecr.io:443", each.fate}}).report;
    EXPECT_EQ(log_of(report, TrafficClass::kImagePull), each.lines) << each.site;
  }
}

TEST(PlatformLog, SaysOfAContentShareWhatMountSays) {
  struct Case {
    Fate fate;
    const char* line;
  };
  for (const Case& each :
       {Case{unresolved(), "could not resolve address"},
        Case{denied(), "mount error(13): Permission denied"},
        Case{forbidden(), "mount error(13): Permission denied"},
        Case{refused(), "mount error(111): Connection refused"},
        Case{dropped(), "mount error(115): Operation now in progress"},
        Case{lost(Verdict::kNoRoute, "default"), "mount error(115): Operation now in progress"}}) {
    for (const char* port : {":443", ":445"}) {
      const std::string call = std::string("files.file.core.windows.net") + port;
      const auto report = start(lab_of(), {{call, each.fate}}).report;
      EXPECT_EQ(report.failed_step, TrafficClass::kContentShare);
      EXPECT_EQ(report.reason, each.line);
      const Lines log = log_of(report, TrafficClass::kContentShare);
      ASSERT_EQ(log.size(), 2U);
      EXPECT_EQ(log.front(), each.line);
      EXPECT_THAT(log.back(), testing::StartsWith("tcp://" + call + " from "));
    }
  }
}

TEST(PlatformLog, SaysOfABackupWhatTheAccountSays) {
  struct Case {
    Fate fate;
    const char* line;
  };
  for (const Case& each :
       {Case{unresolved(), "could not resolve address"}, Case{denied(), "time-out"},
        Case{dropped(), "time-out"}, Case{refused(), "connection refused"},
        Case{forbidden(), "client 20.50.1.4 is not allowed"}}) {
    const auto report = back_up(lab_of(), {{":443", each.fate}}).report;
    EXPECT_FALSE(report.running);
    EXPECT_EQ(report.failed_step, TrafficClass::kBackupRestore);
    EXPECT_EQ(report.reason, each.line);
  }
  const Performed done = back_up(lab_of());
  EXPECT_THAT(done.calls,
              ElementsAre("web/0 backup-restore tcp://files.blob.core.windows.net:443"));
  EXPECT_TRUE(done.report.running);
}

TEST(PlatformLog, SaysWhereThePerformanceIsNotThePrediction) {
  struct Case {
    CallOutcome outcome;
    Explanation explanation;
    const char* line;
  };
  const Ipv4Address source = ip("20.50.1.4");
  for (const Case& each :
       {Case{{CallResult::kTimedOut, ip("13.69.64.82"), source},
             arrival(),
             "20.50.1.4: time-out, where the analysis says that it is reached."},
        Case{{CallResult::kRefused, ip("13.69.64.82"), source},
             denied().explanation,
             "20.50.1.4: connection refused, where the analysis says Deny by nsg/no: It says "
             "no."}}) {
    const lab::Lab lab = lab_of();
    PlatformRun run(lab, {"web", 0}, {lab::backup_task(lab, "web").value()});
    run.answer(each.outcome, each.explanation, {"it differs"});
    EXPECT_FALSE(run.next());
    const StepReport& step = run.report().steps.front();
    EXPECT_THAT(step.calls.front().differences, ElementsAre("it differs"));
    EXPECT_EQ(step.log.back(),
              fmt::format("tcp://files.blob.core.windows.net:443 from {}", each.line));
  }
}

TEST(PlatformNotes, SayWhatAzureDoesNotDo) {
  const char* closed = "services: {files: {publicNetworkAccess: Disabled}}";
  const std::string share =
      "Azure checks the share when the app is created, over the public path, which "
      "files.file.core.windows.net refuses: set WEBSITE_SKIP_CONTENTSHARE_VALIDATION=1 and name an "
      "existing share in WEBSITE_CONTENTSHARE.";
  const char* on = "outboundVnetRouting: {contentShareTraffic: true}";
  const char* logs =
      "logs: {httpLogs: {azureBlobStorage: {sasUrl: 'https://files.blob.core.windows.net/l'}}}";
  const char* databases = "backup: {databases: [{databaseType: SqlAzure}]}";
  const auto lab = [&](const std::string& site) { return with(lab_of("{" + site + "}"), closed); };
  const auto notes = [](const Performed& performed) { return performed.report.notes; };
  EXPECT_THAT(notes(start(lab(""))), IsEmpty()) << "the share is asked for in public anyway";
  EXPECT_THAT(notes(start(lab(on))), ElementsAre(share));
  EXPECT_THAT(notes(start(lab_of(fmt::format("{{{}}}", on)))), IsEmpty()) << "the account is open";
  EXPECT_THAT(notes(start(lab(fmt::format(
                  "{}, appSettings: {{WEBSITE_SKIP_CONTENTSHARE_VALIDATION: '1'}}", on)))),
              IsEmpty());
  EXPECT_THAT(notes(start(lab(logs))), ElementsAre(lab::kNoPrivateLogs));
  EXPECT_THAT(notes(start(lab_of(fmt::format("{{{}}}", logs)))), IsEmpty());
  EXPECT_THAT(notes(back_up(lab(fmt::format("{}, {}", logs, databases)))),
              ElementsAre(lab::kNoDatabaseBackup));
  EXPECT_THAT(notes(back_up(lab(fmt::format("{}, virtualNetworkSubnet: null", databases)))),
              IsEmpty());
}

}  // namespace
}  // namespace egress::policy::test
