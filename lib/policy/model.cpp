// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <algorithm>

#include "base/stable_hash.hpp"
#include "policy/explain.hpp"
#include "policy/reply.hpp"
#include "policy/topology.hpp"
#include "policy/walk.hpp"

namespace egress::policy {
const char* name_of(Stage stage) {
  switch (stage) {
    case Stage::kApplicationRouting: return "applicationRouting";
    case Stage::kNetworkSecurityGroup: return "networkSecurityGroup";
    case Stage::kRoute: return "route";
    case Stage::kPeering: return "peering";
    case Stage::kNat: return "nat";
    case Stage::kPlatform: return "platform";
    case Stage::kDestination: return "destination";
  }
  return "route";
}

struct Model::Parts {
  Parts(lab::Lab declared, lab::IntegrationAddresses leases)
      : lab(std::move(declared)), addresses(std::move(leases)), topology(lab, addresses) {}

  const lab::Lab lab;
  const lab::IntegrationAddresses addresses;
  const Topology topology;
};

Model::Model(lab::Lab lab, lab::IntegrationAddresses addresses)
    : parts_(std::make_unique<const Parts>(std::move(lab), std::move(addresses))) {}
Model::~Model() = default;
Model::Model(Model&&) noexcept = default;
Model& Model::operator=(Model&&) noexcept = default;

const lab::Lab& Model::lab() const {
  return parts_->lab;
}

const lab::IntegrationAddresses& Model::addresses() const {
  return parts_->addresses;
}

Result<Explanation> Model::explain(const AppInstance& from, const Flow& flow) const {
  const auto app = parts_->topology.apps.find(from);
  if (app == parts_->topology.apps.end()) {
    return Error{.code = Errc::kNotFound,
                 .message = fmt::format("app {} has no instance {}", from.site, from.instance)};
  }
  if (app->second.routing.integrated && !app->second.lease) {
    return Error{
        .code = Errc::kNotFound,
        .message = fmt::format("{}/{} has no integration address", from.site, from.instance)};
  }
  if (lab::never_leaves_a_host(flow.destination)) {
    return Error{.code = Errc::kInvalid,
                 .message = fmt::format("packets to {} never leave the app's own host",
                                        flow.destination.to_string())};
  }
  Report report;
  const lab::Verdict verdict = walk(parts_->topology, from, app->second, flow, &report);
  report.explanation.verdict = verdict;
  if (verdict == lab::Verdict::kAllow) {
    report.explanation.reply = reply_of(parts_->topology, app->second, flow, report.trail);
  }
  return std::move(report.explanation);
}

lab::Verdict Model::verdict(const AppInstance& from, const Flow& flow) const {
  const auto app = parts_->topology.apps.find(from);
  const bool answerable = app != parts_->topology.apps.end() &&
                          !lab::never_leaves_a_host(flow.destination) &&
                          (!app->second.routing.integrated || app->second.lease);
  if (!answerable) return lab::Verdict::kDrop;
  return walk(parts_->topology, from, app->second, flow, nullptr);
}

std::optional<Ipv4Address> outbound_address(const lab::Lab& lab, const std::string& server_farm,
                                            int instance) {
  if (lab.outbound_ip_addresses.empty()) return std::nullopt;
  // By the instance's own name, so that other plans and instances never move it.
  const uint64_t hash = fnv1a(fmt::format("{}/{}", server_farm, instance));
  return lab.outbound_ip_addresses[hash % lab.outbound_ip_addresses.size()];
}

}  // namespace egress::policy
