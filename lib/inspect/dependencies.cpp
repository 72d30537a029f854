// SPDX-License-Identifier: MIT
#include "inspect/dependencies.hpp"

#include "inspect/expectations.hpp"
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

std::vector<Dependency> needed_by(const lab::Site& site) {
  std::vector<Dependency> all;
  for (const std::string& url : site.dependencies) all.push_back({.url = url, .why = kDeclared});
  const std::string runtime = site.linux_fx_version.substr(0, site.linux_fx_version.find('|'));
  for (const Needed& each : kNeeded) {
    if (each.runtime[0] == '\0' || lab::equal_ignoring_case(runtime, each.runtime)) {
      all.push_back({.url = each.url, .why = each.why});
    }
  }
  return all;
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
  std::vector<Dependency> all = needed_by(*app.site->declared);
  for (Dependency& dependency : all) {
    auto explained = explain_url(network, sender, dependency.url, std::nullopt, ask);
    if (!explained.ok()) {
      dependency.problem = explained.error().to_string();
      dependency.ok = false;
      continue;
    }
    dependency.explanation = std::move(*explained);
    const bool derived = dependency.why != kDeclared;
    if (derived && not_in_lab(*dependency.explanation)) continue;
    dependency.ok = !policy::loss_of(*dependency.explanation);
  }
  return all;
}

}  // namespace egress::inspect
