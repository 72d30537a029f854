// SPDX-License-Identifier: MIT
#include "compile/identity.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/guid.hpp"
#include "compile/data_path.hpp"
#include "compile/instances.hpp"
#include "lab/platform_tasks.hpp"
#include "settings/identity_text.hpp"

namespace egress::compile {
namespace {

constexpr const char* kIdentity = "identity";

bool has_identity(const lab::Site& site) {
  return site.identity != lab::IdentityType::kNone;
}

// Whether there is somebody to call for a token.
bool has_authority(const std::vector<lab::PlatformTask>& tasks) {
  return std::any_of(tasks.begin(), tasks.end(), [](const lab::PlatformTask& task) {
    return task.step == lab::TrafficClass::kManagedIdentity && task.calls.front().in_lab;
  });
}

Ipv4Address address_of(Fabric& fabric, const std::string& app) {
  const auto& addresses = fabric.netns(app).addresses;
  const auto eth0 = std::find_if(addresses.begin(), addresses.end(),
                                 [](const state::Address& each) { return each.link == "eth0"; });
  return eth0->address;
}

void attach_role(Fabric& fabric, const std::string& netns, const settings::IdentityRole& role) {
  attach(fabric.netns(netns),
         state::make_attachment(settings::kIdentityAttachment,
                                {stamp_netns(fabric.options.prefix), kIdentity},
                                settings::to_text(role)));
}

}  // namespace

std::string identity_endpoint() {
  return fmt::format("http://{}:{}/msi/token", kIdentityAddress.to_string(), kIdentityPort);
}

std::string identity_header(const std::string& site) {
  return guid_of("identity-header/" + site);
}

void add_identity(Fabric& fabric) {
  const auto tasks = lab::startup_tasks(fabric.network.situation.lab);
  const std::string& prefix = fabric.options.prefix;
  std::map<std::string, settings::IdentityEndpoint> endpoints;  // by worker
  for (const auto& [name, site] : fabric.network.sites) {
    if (!has_identity(*site.declared)) continue;
    const bool authority = has_authority(tasks.at(name));
    const policy::Lane& asking = site.lane(lab::TrafficClass::kManagedIdentity);
    for (const policy::Network::Instance& instance : site.instances) {
      const std::string lane = lane_namespace(prefix, name, asking, instance).name();
      attach_role(fabric, lane, settings::IdentityLane{});
      endpoints[worker_namespace(prefix, instance).name()].apps.push_back(
          {.address = address_of(fabric, app_namespace(prefix, name, instance).name()),
           .site = name,
           .header = identity_header(name),
           .client_id = guid_of("identity/" + name),
           .lane = authority ? lane : ""});
    }
  }
  if (endpoints.empty()) return;
  add_process(fabric.netns(stamp_netns(prefix)), kIdentity, "egress-identity");
  for (auto& [worker, endpoint] : endpoints) {
    endpoint.address = kIdentityAddress;
    endpoint.port = kIdentityPort;
    attach_role(fabric, worker, endpoint);
  }
}

void open_identity_endpoint(state::NftTable& worker) {
  auto& rules = worker.chains.at("input").rules;
  rules.insert(rules.begin() + 1,  // behind answers
               {fmt::format("iifname . ip saddr @own ip daddr {} tcp dport {} accept",
                            kIdentityAddress.to_string(), kIdentityPort),
                "tokens"});
}

bool gives_tokens(const lab::Lab& lab, const std::string& server_farm) {
  return std::any_of(lab.sites.begin(), lab.sites.end(), [&](const auto& entry) {
    return entry.second.server_farm == server_farm && has_identity(entry.second);
  });
}

}  // namespace egress::compile
