// SPDX-License-Identifier: MIT
#include "tests/oracle/cases.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>

#include "inspect/expectations.hpp"
#include "lab/document.hpp"
#include "lab/load.hpp"
#include "lab/platform_tasks.hpp"
#include "policy/expectation.hpp"
#include "policy/platform/predict.hpp"

namespace egress::oracle {
namespace {

constexpr const char* kLab = ".yaml";
constexpr const char* kBefore = ".before.yaml";
constexpr const char* kTags = ".tags.json";
constexpr uint16_t kUsualSourcePort = 50000;
constexpr policy::RecordType kRecordTypes[] = {
    policy::RecordType::kA,   policy::RecordType::kAaaa, policy::RecordType::kCname,
    policy::RecordType::kTxt, policy::RecordType::kMx,   policy::RecordType::kSrv,
    policy::RecordType::kPtr, policy::RecordType::kAny};

Result<lab::Lab> load(const std::string& file) {
  lab::Loaded loaded = lab::load_file(file);
  if (loaded.lab) return std::move(*loaded.lab);
  return Error{
      .code = Errc::kInvalid,
      .message = fmt::format("{} does not load: {}", file,
                             loaded.findings.empty() ? std::string("it cannot be read")
                                                     : loaded.findings.front().to_string())};
}

std::string url_of(const policy::Flow& flow) {
  const std::string to =
      fmt::format("{}://{}", name_of(flow.protocol), flow.destination.to_string());
  return has_ports(number_of(flow.protocol)) ? fmt::format("{}:{}", to, flow.destination_port) : to;
}

std::set<uint16_t> telling_source_ports(const lab::Lab& lab) {
  std::set<uint16_t> ports = {kUsualSourcePort};
  for (const auto& [name, group] : lab.network_security_groups) {
    for (const auto& [rule_name, rule] : group.security_rules) {
      if (rule.source_ports.is_all()) continue;
      for (const auto& range : rule.source_ports.intervals()) {
        for (const int port :
             {range.first - 1, int{range.first}, int{range.last}, range.last + 1}) {
          if (port > 0 && port <= 65535) ports.insert(static_cast<uint16_t>(port));
        }
      }
    }
  }
  return ports;
}

// From the usual source port.
Result<policy::Explanation> explained(const policy::Network& network,
                                      const lab::Expectation& expectation) {
  return inspect::explain_url(network, expectation.sender(), expectation.to, kUsualSourcePort);
}

lab::Outcome outcome_of(lab::Verdict verdict) {
  switch (verdict) {
    case lab::Verdict::kAllow: return lab::Outcome::kAllow;
    case lab::Verdict::kDeny: return lab::Outcome::kDeny;
    case lab::Verdict::kDrop: return lab::Outcome::kDrop;
    case lab::Verdict::kNoRoute: return lab::Outcome::kNoRoute;
    case lab::Verdict::kUnresolved: return lab::Outcome::kUnresolved;
  }
  return lab::Outcome::kAllow;
}

Result<lab::Expectation> expectation_about(const policy::Network& network, const ProbeCase& probe) {
  ASSIGN_OR_RETURN(const policy::Explanation explanation,
                   policy::explain(network, probe.from, probe.flow));
  lab::Expectation expectation{.from = probe.from.site,
                               .instance = probe.from.instance,
                               .host = probe.from.host,
                               .to = url_of(probe.flow),
                               .expect = outcome_of(explanation.verdict),
                               .via = explanation.path,
                               .traffic = probe.from.traffic};
  for (const Ipv4Address source : explanation.sources) {
    expectation.source.push_back(Ipv4Prefix::host(source));
  }
  // Platform ranges and destinations are no names that a file may expect.
  const policy::Stage stage = explanation.decided_by.stage;
  if (stage != policy::Stage::kPlatform && stage != policy::Stage::kDestination) {
    expectation.by = explanation.decided_by.name;
  }
  return expectation;
}

Result<lab::Expectation> expectation_about(const policy::Network& network, const NameCase& name) {
  ASSIGN_OR_RETURN(const policy::Resolution resolution,
                   policy::resolve_name(network, name.from, name.name));
  lab::Expectation expectation{
      .from = name.from.site, .instance = name.from.instance, .resolve = resolution.name};
  expectation.traffic = name.from.traffic;
  expectation.addresses = resolution.addresses;
  if (resolution.addresses.empty()) expectation.status = resolution.status;
  return expectation;
}

Result<policy::PlatformReport> predicted(const policy::Network& network, const lab::Sender& app) {
  return policy::predict(network, app, lab::startup_tasks(network.situation.lab, app.site));
}

Result<lab::Expectation> expectation_about(const policy::Network& network, const StartCase& start) {
  ASSIGN_OR_RETURN(const policy::PlatformReport report, predicted(network, start.from));
  lab::Expectation expectation{.from = start.from.site,
                               .instance = start.from.instance,
                               .startup = true,
                               .running = report.running};
  if (report.failed_step) expectation.by = lab::name_of(*report.failed_step);
  return expectation;
}

// Answers of flows are left to the packets.
std::vector<std::string> unmet_flow(const policy::Network& network,
                                    const lab::Expectation& expectation) {
  auto found = explained(network, expectation);
  if (!found.ok()) return {found.error().message};
  found->reply.reset();
  return policy::mismatches(expectation, *found);
}

std::vector<std::string> unmet_name(const policy::Network& network,
                                    const lab::Expectation& expectation) {
  const auto found = policy::resolve_name(network, expectation.sender(), expectation.resolve);
  if (!found.ok()) return {found.error().message};
  return policy::mismatches(expectation, *found);
}

std::vector<std::string> unmet_start(const policy::Network& network,
                                     const lab::Expectation& expectation) {
  const auto found = predicted(network, expectation.sender());
  if (!found.ok()) return {found.error().message};
  return policy::mismatches(expectation, *found);
}

Status write(const std::string& file, const std::string& text) {
  std::ofstream out(file);
  out << text << std::flush;
  if (out) return {};
  return Error{.code = Errc::kKernel, .message = file + " cannot be written"};
}

// The tags in Microsoft's published JSON form.
std::string service_tags_json(const lab::ServiceTags& tags) {
  nlohmann::json values = nlohmann::json::array();
  for (const auto& [name, tag] : tags) {
    nlohmann::json prefixes = nlohmann::json::array();
    for (const Ipv4Prefix& prefix : to_prefixes(tag.addresses))
      prefixes.push_back(prefix.to_string());
    values.push_back(
        {{"name", name}, {"properties", {{"region", tag.region}, {"addressPrefixes", prefixes}}}});
  }
  return nlohmann::json{{"values", values}}.dump(1) + "\n";
}

Status write_lab(const std::string& stem, const std::string& end, lab::Lab lab,
                 const std::string& head) {
  if (lab.service_tags) {
    lab.service_tags_file = std::filesystem::path(stem).filename().string() + kTags;
    RETURN_IF_ERROR(write(stem + kTags, service_tags_json(*lab.service_tags)));
  }
  ASSIGN_OR_RETURN(const std::string text, lab::write(lab));
  return write(stem + end, head + text);
}

}  // namespace

Result<std::vector<std::string>> case_files(const std::string& folder) {
  std::vector<std::string> files;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    const std::string path = entry.path().string();
    if (path.ends_with(kLab) && !path.ends_with(kBefore)) files.push_back(path);
  }
  if (error) {
    return Error{.code = Errc::kNotFound,
                 .message = fmt::format("{}: {}", folder, error.message())};
  }
  std::sort(files.begin(), files.end());
  return files;
}

Result<Case> load_case(const std::string& file) {
  Case loaded;
  ASSIGN_OR_RETURN(loaded.lab, load(file));
  const std::string stem = file.substr(0, file.rfind('.'));
  if (!std::filesystem::exists(stem + kBefore)) return loaded;
  ASSIGN_OR_RETURN(loaded.before, load(stem + kBefore));
  return loaded;
}

Result<std::string> write_case(const std::string& folder, const std::string& name, const Case& kept,
                               const std::vector<std::string>& told) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  const std::string stem = folder + "/" + name;
  std::string head;
  for (const std::string& line : told) head += "# " + line + "\n";
  RETURN_IF_ERROR(write_lab(stem, kLab, kept.lab, head));
  if (kept.before) RETURN_IF_ERROR(write_lab(stem, kBefore, *kept.before, ""));
  return stem + kLab;
}

std::vector<ProbeCase> expected_flows(const policy::Network& network) {
  std::vector<ProbeCase> flows;
  const lab::Lab& lab = network.situation.lab;
  const std::set<uint16_t> ports = telling_source_ports(lab);
  for (const lab::Expectation& expectation : lab.expectations) {
    if (!expectation.resolve.empty() || expectation.startup) continue;
    const auto found = explained(network, expectation);
    if (!found.ok() || !found->is_sent()) continue;
    ProbeCase probe{.from = expectation.sender(), .flow = found->flow};
    if (probe.flow.protocol == Protocol::kIcmp) {
      probe.flow.source_port = 0;
      flows.push_back(probe);
      continue;
    }
    for (const uint16_t port : ports) {
      probe.flow.source_port = port;
      flows.push_back(probe);
    }
  }
  return flows;
}

std::vector<NameCase> expected_names(const policy::Network& network) {
  std::vector<NameCase> names;
  for (const lab::Expectation& expectation : network.situation.lab.expectations) {
    if (expectation.resolve.empty()) continue;
    for (const policy::RecordType type : kRecordTypes) {
      for (const bool tcp : {false, true}) {
        names.push_back({expectation.sender(), expectation.resolve, type, tcp});
      }
    }
  }
  return names;
}

std::vector<StartCase> expected_starts(const policy::Network& network) {
  std::vector<StartCase> starts;
  for (const lab::Expectation& expectation : network.situation.lab.expectations) {
    if (expectation.startup) starts.push_back({expectation.sender()});
  }
  return starts;
}

Result<lab::Expectation> expectation_of(const policy::Network& network, const Question& question) {
  return std::visit([&](const auto& asked) { return expectation_about(network, asked); }, question);
}

std::vector<std::string> unmet_expectations(const policy::Network& network) {
  std::vector<std::string> unmet;
  for (const lab::Expectation& expectation : network.situation.lab.expectations) {
    const auto judge = expectation.startup           ? unmet_start
                       : expectation.resolve.empty() ? unmet_flow
                                                     : unmet_name;
    for (const std::string& difference : judge(network, expectation)) {
      unmet.push_back(fmt::format("{} to {}{}: {}", expectation.from, expectation.to,
                                  expectation.resolve, difference));
    }
  }
  return unmet;
}

}  // namespace egress::oracle
