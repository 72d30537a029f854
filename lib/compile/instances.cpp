// SPDX-License-Identifier: MIT
#include "compile/instances.hpp"

#include "compile/compile.hpp"
#include "compile/names.hpp"
#include "lab/instances.hpp"

namespace egress::compile {
namespace {

using policy::Network;

InstanceNetns namespace_of(const Network::Instance& instance, std::string alone,
                           std::string beside) {
  const int incarnation = instance.name.incarnation;
  std::string lasting = alone;
  if (incarnation > 0) lasting += '.' + std::to_string(incarnation);
  return {.alone = std::move(alone),
          .beside = std::move(beside),
          .lasting = std::move(lasting),
          .is_next = instance.worker->is_next};
}

void add_to(state::Renames& renames, const InstanceNetns& netns) {
  renames.emplace(netns.beside, netns.alone);
}

}  // namespace

InstanceNetns worker_namespace(const std::string& prefix, const Network::Instance& instance) {
  const auto& [server_farm, number, incarnation] = instance.name;
  return namespace_of(instance, worker_netns(prefix, server_farm, number),
                      worker_netns(prefix, server_farm, number, true));
}

InstanceNetns app_namespace(const std::string& prefix, const std::string& site,
                            const Network::Instance& instance) {
  const int number = instance.name.instance;
  return namespace_of(instance, app_netns(prefix, site, number),
                      app_netns(prefix, site, number, true));
}

InstanceNetns lane_namespace(const std::string& prefix, const std::string& site,
                             const policy::Lane& lane, const Network::Instance& instance) {
  const lab::Sender sender{site, instance.name.instance, lane.traffic};
  return namespace_of(instance, lane_netns(prefix, sender, lane.public_attempt),
                      lane_netns(prefix, sender, lane.public_attempt, true));
}

std::vector<Network::Instance> instances_of(const Network& network) {
  std::vector<Network::Instance> all;
  for (const auto& [name, worker] : network.workers) all.push_back({name, &worker});
  return all;
}

std::vector<InstanceNetns> lane_namespaces(const std::string& prefix, const std::string& site,
                                           const Network::Site& analysed) {
  std::vector<InstanceNetns> all;
  for (const policy::Lane* lane : analysed.lanes_in_use()) {
    for (const Network::Instance& instance : analysed.instances) {
      all.push_back(lane_namespace(prefix, site, *lane, instance));
    }
  }
  return all;
}

std::string instance_key(const policy::WorkerKey& worker) {
  return worker.server_farm + '/' + lab::instance_text(worker.instance, worker.incarnation);
}

state::Renames renames(const Network& network, const std::string& prefix) {
  state::Renames all;
  const auto was_beside = [](const Network::Instance& instance) {
    return instance.name.incarnation > 0 && !instance.worker->is_next;
  };
  for (const Network::Instance& instance : instances_of(network)) {
    if (was_beside(instance)) add_to(all, worker_namespace(prefix, instance));
  }
  for (const auto& [name, site] : network.sites) {
    for (const Network::Instance& instance : site.instances) {
      if (!was_beside(instance)) continue;
      add_to(all, app_namespace(prefix, name, instance));
      for (const policy::Lane* lane : site.lanes_in_use()) {
        add_to(all, lane_namespace(prefix, name, *lane, instance));
      }
    }
  }
  return all;
}

}  // namespace egress::compile
