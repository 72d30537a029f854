// SPDX-License-Identifier: MIT
#include "tests/oracle/request_probe.hpp"

#include <fmt/format.h>

#include <set>

#include "compile/names.hpp"
#include "policy/walk.hpp"
#include "probe/probe.hpp"

namespace egress::oracle {
namespace {

constexpr std::chrono::milliseconds kPatience{400};
constexpr Ipv4Address kGatewayOfApps{0xa9fe8101};  // 169.254.129.1, azure-facts 1.6.11

policy::Explanation explained(const policy::Network& network, const RequestCase& request) {
  const Ipv4Address caller = network.situation.lab.hosts.at(request.from).ip_address;
  const policy::Index from = network.machine_at(policy::kNowhere, caller);
  return policy::walk(network, policy::origin_of(network, from), request.flow).explanation;
}

std::set<std::string> instances_of(const policy::Network& network, const std::string& prefix,
                                   const std::string& site) {
  std::set<std::string> names;
  for (size_t i = 0; i < network.sites.at(site).workers.size(); ++i) {
    names.insert(compile::app_netns(prefix, site, static_cast<int>(i)));
  }
  return names;
}

std::vector<std::string> differences(const policy::Explanation& expected,
                                     const std::set<std::string>& instances,
                                     const probe::ProbeResult& seen) {
  std::vector<std::string> found;
  std::vector<probe::Arrival> at_apps = seen.also;
  if (seen.arrival) at_apps.push_back(*seen.arrival);
  const auto is_right = [&](const probe::Arrival& each) {
    return instances.contains(each.netns) && each.source == kGatewayOfApps;
  };
  for (const probe::Arrival& each : at_apps) {
    if (is_right(each)) continue;
    found.push_back(
        fmt::format("the request came to {} from {}", each.netns, each.source.to_string()));
  }
  const size_t wanted = expected.answer_unknown ? 1 : 0;
  if (at_apps.size() != wanted) {
    found.push_back(fmt::format("{} instances saw the request, not {}", at_apps.size(), wanted));
  }
  // The front end itself refuses closed ports, and answers those whom it turns away.
  const bool refused = expected.refused || expected.answer_unknown;
  if (!seen.replied || seen.refused != refused) {
    found.push_back(fmt::format("{} came back, not {}",
                                !seen.replied  ? "nothing"
                                : seen.refused ? "a refusal"
                                               : "an answer",
                                refused ? "a refusal" : "an answer"));
  }
  return found;
}

Result<std::vector<RequestMismatch>> compare_once(const policy::Network& network,
                                                  const std::string& prefix,
                                                  const std::vector<RequestCase>& requests) {
  std::vector<probe::ProbeFlow> flows;
  std::vector<std::string> watched;
  for (const auto& [name, site] : network.sites) {
    const auto instances = instances_of(network, prefix, name);
    watched.insert(watched.end(), instances.begin(), instances.end());
  }
  for (const RequestCase& request : requests) {
    const policy::Network::Site& site = network.sites.at(request.site);
    flows.push_back({.netns = compile::host_netns(prefix, request.from),
                     .destination = request.flow.destination,
                     .destination_port = request.flow.destination_port,
                     .source_port = request.flow.source_port,
                     .app_port = network.interfaces[site.front_end].app_port});
  }
  ASSIGN_OR_RETURN(const auto seen, probe::send(flows, watched, kPatience));
  std::vector<RequestMismatch> found;
  for (size_t i = 0; i < requests.size(); ++i) {
    auto different = differences(explained(network, requests[i]),
                                 instances_of(network, prefix, requests[i].site), seen[i]);
    if (!different.empty()) found.push_back({requests[i], std::move(different)});
  }
  return found;
}

}  // namespace

Result<std::vector<RequestMismatch>> compare_requests(const policy::Network& network,
                                                      const std::string& prefix,
                                                      const std::vector<RequestCase>& requests) {
  if (requests.empty()) return std::vector<RequestMismatch>{};
  ASSIGN_OR_RETURN(const auto first, compare_once(network, prefix, requests));
  if (first.empty()) return first;
  std::vector<RequestCase> again;
  for (const RequestMismatch& mismatch : first) again.push_back(mismatch.request);
  return compare_once(network, prefix, again);
}

}  // namespace egress::oracle
