// SPDX-License-Identifier: MIT
#include "egressctl/offline.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <variant>

#include "inspect/expectations.hpp"
#include "ipam/leases.hpp"
#include "lab/flow_url.hpp"
#include "lab/suggest.hpp"
#include "policy/explain.hpp"

namespace egress::ctl {

namespace {

std::variant<std::shared_ptr<const policy::Network>, Failure> network_of(const LabSource& source) {
  lab::Loaded loaded = source.load();
  if (!loaded.lab) {
    return Failure{.code = errc_name(Errc::kInvalid),
                   .message = fmt::format("{} is invalid", source.source().file),
                   .findings = control::to_json(loaded.findings)};
  }
  auto addresses = ipam::first_addresses(*loaded.lab);
  if (!addresses.ok()) return failure_of(addresses.error());
  return policy::analyse({.lab = std::move(*loaded.lab), .leases = std::move(*addresses)});
}

template <typename T>
std::vector<std::string> names_of(const lab::Named<T>& things) {
  std::vector<std::string> names;
  for (const auto& [name, thing] : things) names.push_back(name);
  return names;
}

Result<policy::Explanation> explanation_of(const policy::Network& network,
                                           const control::ExplainRequest& request) {
  ASSIGN_OR_RETURN(const policy::Flow flow,
                   inspect::flow_of(network.situation.lab, request.url, request.source_port));
  return policy::explain(network, request.app, flow);
}

bool contains(const std::vector<std::string>& names, const std::string& name) {
  return std::any_of(names.begin(), names.end(), [&](const std::string& known) {
    return lab::equal_ignoring_case(known, name);
  });
}

}  // namespace

Answer explain_offline(const LabSource& source, const control::ExplainRequest& request) {
  auto network = network_of(source);
  if (Failure* failure = std::get_if<Failure>(&network)) return std::move(*failure);
  const policy::Network& analysed = *std::get<0>(network);
  const auto explanation = explanation_of(analysed, request);
  if (explanation.ok()) return control::to_json(*explanation);
  Failure failure = failure_of(explanation.error());
  if (explanation.error().code == Errc::kNotFound) {
    failure.hint =
        hint_for_names(request.app.site, request.url, names_of(analysed.situation.lab.sites),
                       names_of(analysed.situation.lab.hosts));
  }
  return failure;
}

Answer test_offline(const LabSource& source) {
  auto network = network_of(source);
  if (Failure* failure = std::get_if<Failure>(&network)) return std::move(*failure);
  return control::to_json(inspect::test(*std::get<0>(network)));
}

std::string hint_for_names(const std::string& site, const std::string& url,
                           const std::vector<std::string>& sites,
                           const std::vector<std::string>& hosts) {
  if (!contains(sites, site)) {
    return lab::suggestion(site, sites, "known sites: " + lab::one_of(sites));
  }
  const auto target = lab::parse_flow_target(url);
  if (!target.ok() || contains(hosts, target->host)) return {};
  return hint_for_host(target->host, hosts);
}

std::string hint_for_host(const std::string& host, const std::vector<std::string>& hosts) {
  return lab::suggestion(host, hosts, "known hosts: " + lab::one_of(hosts));
}

}  // namespace egress::ctl
