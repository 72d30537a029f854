// SPDX-License-Identifier: MIT

// What is called in which order, and what each outcome leads to.

#include <fmt/format.h>

#include "lab/app_settings.hpp"
#include "tests/unit/policy/platform/made_up.hpp"

namespace egress::policy::test {
namespace {

using namespace made_up;
using lab::TrafficClass;
using lab::Verdict;
using testing::ElementsAre;
using testing::IsEmpty;

TEST(PlatformRun, CallsInAzuresOrder) {
  const Performed performed = start(lab_of());
  EXPECT_THAT(performed.calls,
              ElementsAre("web/0 managed-identity tcp://login.microsoftonline.com:443",
                          "web/0 key-vault tcp://keys.vault.azure.net:443 (public attempt)",
                          "web/0 image-pull tcp://images.azurecr.io:443",
                          "web/0 image-pull tcp://images.azurecr.io:443",
                          "web/0 image-pull tcp://images.westeurope.data.azurecr.io:443",
                          "web/0 content-share tcp://files.file.core.windows.net:443",
                          "web/0 content-share tcp://files.file.core.windows.net:445"));
  EXPECT_THAT(results(performed.report), ElementsAre("managed-identity ok", "key-vault ok",
                                                     "image-pull ok", "content-share ok"));
  EXPECT_TRUE(performed.report.running);
  EXPECT_EQ(performed.report.failed_step, std::nullopt);
  EXPECT_THAT(performed.report.notes, IsEmpty());
}

TEST(PlatformRun, OfNothingIsOver) {
  const Performed performed = perform(lab_of(), {}, {});
  EXPECT_THAT(performed.calls, IsEmpty());
  EXPECT_TRUE(performed.report.running);
}

TEST(PlatformRun, EndsWithTheCallThatARequiredStepLoses) {
  const Performed performed = start(lab_of(), {{"data.azurecr.io:443", dropped()}});
  EXPECT_EQ(performed.calls.back(), "web/0 image-pull tcp://images.westeurope.data.azurecr.io:443");
  const PlatformReport& report = performed.report;
  EXPECT_THAT(results(report), ElementsAre("managed-identity ok", "key-vault ok",
                                           "image-pull failed", "content-share skipped"));
  EXPECT_FALSE(report.running);
  EXPECT_EQ(report.failed_step, TrafficClass::kImagePull);
  EXPECT_EQ(report.reason, "Image pull failed. Defaulting to local copy if present.");
  EXPECT_EQ(report.steps.back().what, "files share content");
  EXPECT_THAT(report.steps.back().log, IsEmpty());
}

TEST(PlatformRun, AsksForNoMoreOfAStepThatLosesACall) {
  const Performed performed = start(lab_of(), {{"images.azurecr.io:443", dropped()}});
  EXPECT_EQ(performed.calls.back(), "web/0 image-pull tcp://images.azurecr.io:443");
  EXPECT_EQ(performed.report.steps[2].calls.size(), 1U);
}

TEST(PlatformRun, ResolvesReferencesWithAVaultThatIsReached) {
  const auto report =
      start(
          lab_of(R"-({appSettings: {OTHER: "@Microsoft.KeyVault(VaultName=keys;SecretName=x)"}})-"))
          .report;
  EXPECT_THAT(references(report), ElementsAre("DB resolved",
                                              "OTHER: SecretNotFound: keys.vault.azure.net has no "
                                              "secret 'x'"));
  EXPECT_THAT(log_of(report, TrafficClass::kKeyVault),
              ElementsAre("DB: resolved.",
                          "OTHER: SecretNotFound: keys.vault.azure.net has no secret 'x'. The "
                          "reference stays as it is."));
  EXPECT_THAT(results(report), ElementsAre("managed-identity ok", "key-vault failed",
                                           "image-pull ok", "content-share ok"));
  EXPECT_TRUE(report.running) << "an app runs with a reference that stays as it is";
}

TEST(PlatformRun, TriesTheNetworkWhenAVaultRefusesThePublicAttempt) {
  const std::string vault = "tcp://keys.vault.azure.net:443";
  const auto performed = start(lab_of(), {{vault + " (public attempt)", forbidden()}});
  EXPECT_EQ(performed.calls[1], "web/0 key-vault " + vault + " (public attempt)");
  EXPECT_EQ(performed.calls[2], "web/0 key-vault " + vault);
  EXPECT_THAT(references(performed.report), ElementsAre("DB resolved"));
  EXPECT_THAT(
      log_of(performed.report, TrafficClass::kKeyVault),
      ElementsAre(vault + " from 20.50.1.4: Forbidden by there: A rule.",
                  "keys.vault.azure.net refuses the public attempt, so the network is tried.",
                  "DB: resolved."));
  const auto& calls = performed.report.steps[1].calls;
  ASSERT_EQ(calls.size(), 2U);
  EXPECT_TRUE(calls[0].public_attempt);
  EXPECT_FALSE(calls[1].public_attempt);
}

TEST(PlatformRun, LeavesAReferenceWhereNoAttemptReachesTheVault) {
  struct Case {
    const char* site;
    Fate first;
    Fate second;
    const char* reason;
    size_t attempts;
  };
  const char* alone = "{virtualNetworkSubnet: null}";
  const char* denied_by_firewall = "AccessToKeyVaultDenied: client 20.50.1.4 is not allowed";
  const std::string vault = "keys.vault.azure.net:443";
  for (const Case& each : {Case{"{}", forbidden(), forbidden(), denied_by_firewall, 2},
                           Case{"{}", forbidden(), dropped(), "time-out", 2},
                           Case{"{}", forbidden(), unresolved(), "no address", 2},
                           Case{"{}", dropped(), reached(), "time-out", 1},
                           Case{"{}", refused(), reached(), "connection refused", 1},
                           Case{"{}", unresolved(), reached(), "no address", 1},
                           Case{alone, reached(), forbidden(), denied_by_firewall, 1},
                           Case{alone, reached(), dropped(), "time-out", 1}}) {
    const auto report =
        start(lab_of(each.site), {{vault, each.second}, {vault + " (public attempt)", each.first}})
            .report;
    EXPECT_EQ(references(report), Lines{fmt::format("DB: {}", each.reason)});
    const StepReport& step = report.steps[1];
    EXPECT_EQ(step.calls.size(), each.attempts) << each.reason;
    EXPECT_EQ(step.result, StepReport::Result::kFailed);
    EXPECT_THAT(step.log, testing::Contains(
                              fmt::format("DB: {}. The reference stays as it is.", each.reason)));
    EXPECT_TRUE(report.running);
  }
}

TEST(PlatformRun, AsksNoVaultWithoutAToken) {
  const Performed performed = start(lab_of(), {{"login.microsoftonline.com:443", dropped()}});
  EXPECT_THAT(
      performed.report.steps[0].log,
      ElementsAre("No token: time-out.",
                  "tcp://login.microsoftonline.com:443 from web/0 managed-identity: Drop by "
                  "table/none: It says no."));
  EXPECT_EQ(performed.calls[1], "web/0 image-pull tcp://images.azurecr.io:443");
  EXPECT_THAT(references(performed.report), ElementsAre("DB: no token of the app's identity"));
  EXPECT_THAT(log_of(performed.report, TrafficClass::kKeyVault),
              ElementsAre("DB: no token of the app's identity. The reference stays as it is."));
  EXPECT_THAT(results(performed.report), ElementsAre("managed-identity failed", "key-vault failed",
                                                     "image-pull ok", "content-share ok"));
  EXPECT_TRUE(performed.report.running);
  EXPECT_THAT(log_of(start(lab_of()).report, TrafficClass::kManagedIdentity),
              ElementsAre("A token was issued for the app's identity."));
}

TEST(PlatformRun, CallsNobodyWhoIsNotInTheLab) {
  const lab::Lab lab = with(lab_of(), R"(
services: {keys: null, images: null, files: null}
hosts: {authority: null}
)");
  const Performed performed = start(lab, {{"", dropped()}});
  EXPECT_THAT(performed.calls, IsEmpty());
  EXPECT_TRUE(performed.report.running);
  EXPECT_THAT(references(performed.report), ElementsAre("DB resolved"));
  for (const StepReport& step : performed.report.steps) {
    EXPECT_EQ(step.result, StepReport::Result::kOk);
    for (const CallReport& call : step.calls) {
      EXPECT_EQ(call.outcome, CallOutcome{.result = CallResult::kNotInLab});
      EXPECT_FALSE(call.path);
    }
  }
}

TEST(PlatformRun, ReadsTheContentShareFromItsVault) {
  const char* site = R"-({appSettings: {WEBSITE_CONTENTAZUREFILECONNECTIONSTRING:
      "@Microsoft.KeyVault(VaultName=keys;SecretName=share)"}})-";
  const std::string share = "web/0 content-share tcp://files.file.core.windows.net:445";
  EXPECT_EQ(start(lab_of(site)).calls.back(), share);
  const Performed raw =
      start(lab_of(site), {{"keys.vault.azure.net:443 (public attempt)", dropped()}});
  EXPECT_EQ(raw.calls.back(), "web/0 image-pull tcp://images.westeurope.data.azurecr.io:443");
  EXPECT_EQ(raw.report.failed_step, TrafficClass::kContentShare);
  EXPECT_THAT(log_of(raw.report, TrafficClass::kContentShare),
              ElementsAre("could not resolve address",
                          "WEBSITE_CONTENTAZUREFILECONNECTIONSTRING is no connection string but an "
                          "unresolved reference."));
  const CallReport& call = raw.report.steps.back().calls.front();
  EXPECT_EQ(call.call.host, "");
  EXPECT_EQ(call.verdict, Verdict::kUnresolved);
  EXPECT_EQ(call.decided_by.name, lab::kContentConnectionSetting);
}

TEST(PlatformRun, FindsNoContentShareWhereNoAccountIsNamed) {
  const Performed performed =
      start(lab_of("{appSettings: {WEBSITE_CONTENTAZUREFILECONNECTIONSTRING: nothing}}"));
  EXPECT_THAT(log_of(performed.report, TrafficClass::kContentShare),
              ElementsAre("could not resolve address",
                          "WEBSITE_CONTENTAZUREFILECONNECTIONSTRING names no storage account."));
  EXPECT_FALSE(performed.report.running);
}

TEST(PlatformRun, ReportsOfEachCallItsWayAndWhoDecided) {
  const auto report = start(lab_of(), {{":445", forbidden()}}).report;
  const auto& calls = report.steps.back().calls;
  ASSERT_EQ(calls.size(), 2U);
  EXPECT_EQ(calls[0].outcome, reached().outcome);
  EXPECT_EQ(calls[0].path, lab::Path::kDirect);
  EXPECT_EQ(calls[0].verdict, Verdict::kAllow);
  EXPECT_EQ(calls[0].decided_by.name, "default");
  EXPECT_EQ(calls[1].outcome, forbidden().outcome);
  EXPECT_EQ(calls[1].decided_by.stage, Stage::kService);
  EXPECT_EQ(calls[1].decided_by.name, "there");
}

}  // namespace
}  // namespace egress::policy::test
