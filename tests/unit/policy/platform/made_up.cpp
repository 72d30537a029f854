// SPDX-License-Identifier: MIT
#include "tests/unit/policy/platform/made_up.hpp"

#include <fmt/format.h>

namespace egress::policy::test::made_up {

using lab::TrafficClass;
using lab::Verdict;

namespace {

constexpr const char* kLab = R"-(
location: westeurope
outboundIpAddresses: [20.50.1.4]
virtualNetworks:
  v: {addressPrefixes: [10.1.0.0/16], subnets: {apps: {addressPrefix: 10.1.1.0/26,
      delegations: [Microsoft.Web/serverFarms]}}}
serverFarms: {plan: {}}
services:
  keys: {type: Microsoft.KeyVault/vaults, ipAddress: 13.69.64.74,
         secrets: {db: {value: hunter2}, share: {value: AccountName=files}}}
  images: {type: Microsoft.ContainerRegistry/registries, ipAddress: 13.69.64.82}
  files: {type: Microsoft.Storage/storageAccounts, ipAddress: 20.60.223.4}
hosts:
  authority: {internet: true, ipAddress: 20.190.1.1, names: [login.microsoftonline.com],
              listen: [tcp/443]}
sites:
  web:
    serverFarm: plan
    virtualNetworkSubnet: v/apps
    identity: {type: SystemAssigned}
    linuxFxVersion: DOCKER|images.azurecr.io/web:1
    backup: {storageAccountUrl: "https://files.blob.core.windows.net/backups"}
    appSettings:
      DB: "@Microsoft.KeyVault(VaultName=keys;SecretName=db)"
      WEBSITE_CONTENTAZUREFILECONNECTIONSTRING: AccountName=files
      WEBSITE_CONTENTSHARE: content
)-";

// "web/0 key-vault tcp://keys.vault.azure.net:443 (public attempt)".
std::string text_of(const CallRequest& request) {
  return fmt::format("{} {}{}", request.from.to_string(), request.to_string(),
                     request.public_attempt ? " (public attempt)" : "");
}

}  // namespace

lab::Lab lab_of(const std::string& site) {
  return with(lab_from(kLab), fmt::format("sites: {{web: {}}}", site));
}

Explanation arrival() {
  return {.verdict = Verdict::kAllow,
          .path = lab::Path::kDirect,
          .decided_by = {Stage::kApplicationRouting, "default"},
          .steps = {{Stage::kDestination, "internet", "delivered", "there", "It arrives."}},
          .reply = Reply{Verdict::kAllow},
          .host = "there"};
}

Fate reached() {
  return {{CallResult::kReached, ip("13.69.64.82"), ip("20.50.1.4")}, arrival()};
}

Fate lost(Verdict verdict, const char* by) {
  Fate fate{{CallResult::kTimedOut, ip("13.69.64.82")}, arrival()};
  fate.explanation.verdict = verdict;
  fate.explanation.reply.reset();
  fate.explanation.decided_by = {Stage::kRoute, by};
  fate.explanation.steps = {{Stage::kRoute, "v", "None", by, "It says no."}};
  return fate;
}

Fate denied() {
  return lost(Verdict::kDeny, "nsg/no");
}

Fate dropped() {
  return lost(Verdict::kDrop, "table/none");
}

Fate unresolved() {
  Fate fate = lost(Verdict::kUnresolved, "publicDns");
  fate.outcome = {.result = CallResult::kUnresolved};
  return fate;
}

Fate refused() {
  Fate fate = reached();
  fate.outcome.result = CallResult::kRefused;
  fate.explanation.refused = true;
  return fate;
}

Fate forbidden() {
  Fate fate = reached();
  fate.outcome = {CallResult::kForbidden, ip("13.69.64.82"), ip("20.50.1.4"), "Code",
                  "client 20.50.1.4 is not allowed"};
  fate.explanation.service = {.access = lab::Access::kDeny, .code = "Code", .reason = "A rule."};
  return fate;
}

Performed perform(const lab::Lab& lab, std::vector<lab::PlatformTask> tasks,
                  const std::map<std::string, Fate>& fates) {
  PlatformRun run(lab, {"web", 0}, std::move(tasks));
  Performed performed;
  while (const auto request = run.next()) {
    const std::string& text = performed.calls.emplace_back(text_of(*request));
    Fate fate = reached();
    for (const auto& [end, other] : fates) {
      if (text.ends_with(end)) fate = other;
    }
    run.answer(fate.outcome, fate.explanation);
  }
  performed.report = run.report();
  return performed;
}

Performed start(const lab::Lab& lab, const std::map<std::string, Fate>& fates) {
  return perform(lab, lab::startup_tasks(lab, "web"), fates);
}

Performed back_up(const lab::Lab& lab, const std::map<std::string, Fate>& fates) {
  return perform(lab, {lab::backup_task(lab, "web").value()}, fates);
}

Lines results(const PlatformReport& report) {
  Lines texts;
  for (const StepReport& step : report.steps) {
    texts.push_back(fmt::format("{} {}", name_of(step.step), name_of(step.result)));
  }
  return texts;
}

Lines log_of(const PlatformReport& report, TrafficClass traffic) {
  for (const StepReport& step : report.steps) {
    if (step.step == traffic) return step.log;
  }
  ADD_FAILURE() << "no step " << name_of(traffic);
  return {};
}

Lines references(const PlatformReport& report) {
  Lines texts;
  for (const ReferenceReport& reference : report.references) {
    texts.push_back(reference.setting +
                    (reference.resolved ? " resolved" : ": " + reference.reason));
  }
  return texts;
}

}  // namespace egress::policy::test::made_up
