// SPDX-License-Identifier: MIT
#include "inspect/dependencies.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "inspect/expectations.hpp"
#include "lab/app_settings.hpp"
#include "lab/platform_tasks.hpp"
#include "lab/suggest.hpp"
#include "policy/origin.hpp"
#include "policy/platform/outcome.hpp"

namespace egress::inspect {

namespace {

constexpr const char* kDeclared = "declared";

struct Needed {
  const char* runtime;  // the head of linuxFxVersion; "" for every app
  const char* why;
  const char* url;
};
constexpr Needed kNeeded[] = {{"PYTHON", "PYTHON build", "tcp://oryx-cdn.microsoft.io:443"},
                              {"PYTHON", "PYTHON packages", "tcp://pypi.org:443"},
                              {"PYTHON", "PYTHON packages", "tcp://files.pythonhosted.org:443"},
                              {"NODE", "NODE build", "tcp://oryx-cdn.microsoft.io:443"},
                              {"NODE", "NODE packages", "tcp://registry.npmjs.org:443"},
                              {"DOTNETCORE", "DOTNETCORE build", "tcp://oryx-cdn.microsoft.io:443"},
                              {"DOTNETCORE", "DOTNETCORE packages", "tcp://api.nuget.org:443"},
                              {"PHP", "PHP build", "tcp://oryx-cdn.microsoft.io:443"},
                              {"PHP", "PHP packages", "tcp://packagist.org:443"},
                              {"JAVA", "JAVA build", "tcp://oryx-cdn.microsoft.io:443"},
                              {"JAVA", "JAVA packages", "tcp://repo1.maven.org:443"},
                              {"", "certificate revocation", "tcp://crl3.digicert.com:80"},
                              {"", "certificate revocation", "tcp://ocsp.digicert.com:80"},
                              {"", "certificate revocation", "tcp://crl.microsoft.com:80"}};

// A flow, by whom it is sent, and whether somebody must be there.
struct Flow {
  std::string url{};
  std::string why{};
  lab::TrafficClass traffic = lab::TrafficClass::kApplication;
  bool certain = false;
  bool operator==(const Flow&) const = default;
};

std::string why_of(const lab::PlatformTask& task) {
  switch (task.step) {
    case lab::TrafficClass::kManagedIdentity: return "identity token";
    case lab::TrafficClass::kImagePull: return "image pull";
    case lab::TrafficClass::kContentShare: return "content share";
    case lab::TrafficClass::kBackupRestore: return "backup";
    case lab::TrafficClass::kKeyVault:
    case lab::TrafficClass::kApplication: break;
  }
  std::vector<std::string> settings;
  for (const lab::KeyVaultReference& each : task.references) settings.push_back(each.setting);
  return fmt::format("Key Vault reference{} {}", settings.size() > 1 ? "s" : "",
                     fmt::join(settings, ", "));
}

// A registry and its token endpoint may be one.
void add_platform(const lab::Lab& lab, const std::string& site, std::vector<Flow>& flows) {
  std::vector<lab::PlatformTask> tasks = lab::startup_tasks(lab, site);
  if (auto backup = lab::backup_task(lab, site)) tasks.push_back(*std::move(backup));
  for (const lab::PlatformTask& task : tasks) {
    for (const lab::PlatformCall& call : task.calls) {
      Flow flow{.why = why_of(task), .traffic = task.step, .certain = call.in_lab};
      if (!call.host.empty()) flow.url = fmt::format("tcp://{}:{}", call.host, call.port);
      if (flows.empty() || flows.back() != flow) flows.push_back(std::move(flow));
    }
  }
}

std::vector<Flow> needed_by(const lab::Lab& lab, const std::string& name) {
  const lab::Site& site = lab.sites.at(name);
  std::vector<Flow> flows;
  for (const std::string& url : site.dependencies) {
    flows.push_back({.url = url, .why = kDeclared, .certain = true});
  }
  add_platform(lab, name, flows);
  const std::string runtime = site.linux_fx_version.substr(0, site.linux_fx_version.find('|'));
  for (const Needed& each : kNeeded) {
    if (each.runtime[0] == '\0' || lab::equal_ignoring_case(runtime, each.runtime)) {
      flows.push_back({.url = each.url, .why = each.why});
    }
  }
  return flows;
}

// Public DNS does not know the name, or nobody has the address that real servers know.
bool not_in_lab(const policy::Explanation& explanation) {
  if (explanation.verdict == lab::Verdict::kNoRoute) return true;
  const auto& resolution = explanation.resolution;
  if (!resolution || resolution->status != lab::LookupStatus::kNxDomain) return false;
  const policy::NameAnswer& answer = resolution->servers[*resolution->answered_by].answer;
  return answer.decided_by.kind == policy::AnswerSource::Kind::kPublic;
}

}  // namespace

policy::DecidedBy blocked_by(const Dependency& dependency) {
  return policy::loss_of(*dependency.explanation)->decided_by;
}

Result<std::vector<Dependency>> dependencies(const policy::Network& network,
                                             const lab::Sender& sender,
                                             const policy::AskUpstream& ask) {
  ASSIGN_OR_RETURN(const policy::Network::App app, policy::declared_app(network, sender));
  std::vector<Dependency> all;
  for (const Flow& flow : needed_by(network.situation.lab, app.name.site)) {
    Dependency& dependency = all.emplace_back(Dependency{.url = flow.url, .why = flow.why});
    if (flow.url.empty()) {
      dependency.problem =
          fmt::format("{} names no storage account", lab::kContentConnectionSetting);
      dependency.ok = false;
      continue;
    }
    const lab::Sender from{app.name.site, app.name.instance, flow.traffic, app.name.incarnation};
    auto explained = explain_url(network, from, flow.url, std::nullopt, ask);
    if (!explained.ok()) {
      dependency.problem = explained.error().to_string();
      dependency.ok = false;
      continue;
    }
    dependency.explanation = std::move(*explained);
    const bool by_platform = flow.traffic != lab::TrafficClass::kApplication;
    if (!flow.certain && (by_platform || not_in_lab(*dependency.explanation))) continue;
    dependency.ok = !policy::loss_of(*dependency.explanation);
  }
  return all;
}

}  // namespace egress::inspect
