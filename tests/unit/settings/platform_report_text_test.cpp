// SPDX-License-Identifier: MIT
#include "settings/platform_report_text.hpp"

#include <gtest/gtest.h>

#include "tests/support/values.hpp"

namespace egress::settings {
namespace {

using policy::CallReport;
using policy::CallResult;
using policy::PlatformReport;
using policy::Stage;
using policy::StepReport;
using testing_support::ip;

// With something in every field.
PlatformReport failed_share() {
  const CallReport vault{.call = {.purpose = "vault", .host = "keys.vault.azure.net"},
                         .public_attempt = true,
                         .outcome = {CallResult::kForbidden, ip("13.69.64.74"), ip("198.51.100.3"),
                                     "Forbidden", "Client address is \"not\" authorized."},
                         .path = lab::Path::kDirect,
                         .verdict = lab::Verdict::kAllow,
                         .decided_by = {Stage::kService, "keys"},
                         .differences = {"predicted otherwise"}};
  const CallReport share{.call = {.purpose = "share", .port = 445},
                         .outcome = {.result = CallResult::kUnresolved},
                         .decided_by = {Stage::kNameResolution, "SETTING"}};
  const CallReport nobody{.call = {.purpose = "authority", .host = "far", .in_lab = false},
                          .outcome = {.result = CallResult::kNotInLab},
                          .path = lab::Path::kVirtualNetwork};
  return {.running = false,
          .failed_step = lab::TrafficClass::kContentShare,
          .reason = "could not resolve address",
          .steps = {{.step = lab::TrafficClass::kManagedIdentity,
                     .what = "SystemAssigned",
                     .calls = {nobody},
                     .log = {"A token was issued for the app's identity."}},
                    {.step = lab::TrafficClass::kKeyVault,
                     .what = "keys.vault.azure.net",
                     .result = StepReport::Result::kFailed,
                     .calls = {vault},
                     .log = {"one", "two"}},
                    {.step = lab::TrafficClass::kContentShare,
                     .what = "share web",
                     .result = StepReport::Result::kFailed,
                     .calls = {share}},
                    {.step = lab::TrafficClass::kBackupRestore,
                     .result = StepReport::Result::kSkipped}},
          .references = {{"DB", false, "AccessToKeyVaultDenied"}, {"KEY", true, ""}},
          .notes = {"a note"}};
}

TEST(PlatformReportText, ReadsWhatItWrote) {
  for (const PlatformReport& report : {PlatformReport{}, failed_share()}) {
    const auto read = parse_platform_report(to_text(report));
    ASSERT_TRUE(read.ok()) << read.error().to_string();
    EXPECT_TRUE(*read == report) << to_text(*read);
  }
}

TEST(PlatformReportText, HasAnswersOfAnyBytes) {
  PlatformReport report;
  report.notes = {"\xff"};
  EXPECT_TRUE(parse_platform_report(to_text(report)).ok());
}

TEST(PlatformReportText, RefusesWhatIsNoReport) {
  const std::string whole = to_text(failed_share());
  const auto with = [&](const std::string& from, const std::string& to) {
    const size_t at = whole.find(from);
    return at == std::string::npos ? from : std::string(whole).replace(at, from.size(), to);
  };
  for (const std::string& text :
       {std::string(), std::string("{}"), std::string("[]"), with("\"running\"", "\"runs\""),
        with("\"step\":4", "\"step\":9"), with("\"result\":1", "\"result\":-1"),
        with("13.69.64.74", "13.69.64"), with("\"path\":0", "\"path\":2"),
        with("\"failedStep\":2", "\"failedStep\":\"no\"")}) {
    const auto read = parse_platform_report(text);
    ASSERT_FALSE(read.ok()) << text;
    EXPECT_EQ(read.error().code, Errc::kInvalid) << text;
  }
}

}  // namespace
}  // namespace egress::settings
