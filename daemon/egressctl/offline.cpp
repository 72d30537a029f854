// SPDX-License-Identifier: MIT
#include "egressctl/offline.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <variant>

#include "inspect/concerns.hpp"
#include "inspect/expectations.hpp"
#include "ipam/leases.hpp"
#include "lab/flow_url.hpp"
#include "lab/suggest.hpp"
#include "policy/explain.hpp"
#include "policy/platform/predict.hpp"

namespace egress::ctl {

namespace {

struct Analysed {
  std::shared_ptr<const policy::Network> network{};
  std::vector<lab::Finding> warnings{};
};

std::variant<Analysed, Failure> network_of(const LabSource& source) {
  lab::Loaded loaded = source.load();
  if (!loaded.lab) {
    return Failure{.code = errc_name(Errc::kInvalid),
                   .message = fmt::format("{} is invalid", source.source().file),
                   .findings = control::to_json(loaded.findings)};
  }
  auto addresses = ipam::first_addresses(*loaded.lab);
  if (!addresses.ok()) return failure_of(addresses.error());
  return Analysed{policy::analyse({.lab = std::move(*loaded.lab), .leases = std::move(*addresses)}),
                  std::move(loaded.findings)};
}

bool contains(const std::vector<std::string>& names, const std::string& name) {
  return std::any_of(names.begin(), names.end(), [&](const std::string& known) {
    return lab::equal_ignoring_case(known, name);
  });
}

template <typename Declared>
std::vector<std::string> names_of(const lab::Named<Declared>& declared) {
  std::vector<std::string> names;
  for (const auto& [name, each] : declared) names.push_back(name);
  return names;
}

Failure with_senders(const Error& error, const lab::Sender& sender, const lab::Lab& lab) {
  Failure failure = failure_of(error);
  if (error.code != Errc::kNotFound) return failure;
  failure.hint = sender.host.empty() ? hint_for("sites", sender.site, names_of(lab.sites))
                                     : hint_for("hosts", sender.host, names_of(lab.hosts));
  return failure;
}

}  // namespace

Answer explain_offline(const LabSource& source, const control::ExplainRequest& request) {
  auto network = network_of(source);
  if (Failure* failure = std::get_if<Failure>(&network)) return std::move(*failure);
  const auto& [in_file, warnings] = std::get<Analysed>(network);
  const policy::Network& analysed = *in_file;
  auto explained = inspect::explain_url(analysed, request.app, request.url, request.source_port);
  if (explained.ok()) {
    explained->warnings = inspect::concerning(warnings, analysed.situation.lab, *explained);
    return control::to_json(*explained);
  }
  return with_senders(explained.error(), request.app, analysed.situation.lab);
}

Answer resolve_offline(const LabSource& source, const control::ResolveRequest& request) {
  auto network = network_of(source);
  if (Failure* failure = std::get_if<Failure>(&network)) return std::move(*failure);
  const policy::Network& analysed = *std::get<Analysed>(network).network;
  const auto resolution = policy::resolve_name(analysed, request.app, request.name, request.type);
  if (resolution.ok()) return control::to_json(*resolution);
  return with_senders(resolution.error(), request.app, analysed.situation.lab);
}

Answer startup_offline(const LabSource& source, const lab::Sender& app) {
  auto network = network_of(source);
  if (Failure* failure = std::get_if<Failure>(&network)) return std::move(*failure);
  const policy::Network& analysed = *std::get<Analysed>(network).network;
  const lab::Lab& lab = analysed.situation.lab;
  const auto report = policy::predict(analysed, app, lab::startup_tasks(lab, app.site));
  if (report.ok()) return control::to_json(app, *report);
  return with_senders(report.error(), app, lab);
}

Answer test_offline(const LabSource& source) {
  auto network = network_of(source);
  if (Failure* failure = std::get_if<Failure>(&network)) return std::move(*failure);
  const auto& [in_file, warnings] = std::get<Analysed>(network);
  Json results = control::to_json(inspect::test(*in_file));
  results["warnings"] = Json::array();
  for (const lab::Finding& each : warnings) results["warnings"].push_back(each.to_string());
  return results;
}

std::string hint_for(const char* what, const std::string& name,
                     const std::vector<std::string>& names) {
  if (names.empty()) return fmt::format("the lab has no {}", what);
  if (contains(names, name)) return {};
  return lab::suggestion(name, names, fmt::format("known {}: {}", what, lab::one_of(names)));
}

}  // namespace egress::ctl
