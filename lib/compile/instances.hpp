// SPDX-License-Identifier: MIT
#pragma once

// What the namespaces of a plan's instances are called: those of the workers, and of the apps and
// lanes on them. While two sets of a plan's instances stand beside each other the later one's have
// names of their own, and the plan's when it is alone; so nothing but the name may follow from it.

#include <string>
#include <vector>

#include "policy/network.hpp"

namespace egress::compile {

struct InstanceNetns {
  std::string alone{};   // "eg-app-web-0"
  std::string beside{};  // "eg-app-web-0-next"
  std::string
      lasting{};  // "eg-app-web-0", of incarnation 2 "eg-app-web-0.2": whatever it is called
  bool is_next = false;
  const std::string& name() const { return is_next ? beside : alone; }
};

InstanceNetns worker_namespace(const std::string& prefix,
                               const policy::Network::Instance& instance);
InstanceNetns app_namespace(const std::string& prefix, const std::string& site,
                            const policy::Network::Instance& instance);
InstanceNetns lane_namespace(const std::string& prefix, const std::string& site,
                             const policy::Lane& lane, const policy::Network::Instance& instance);

// The workers of all plans.
std::vector<policy::Network::Instance> instances_of(const policy::Network& network);

// Of all lanes in use of a site, on all its instances.
std::vector<InstanceNetns> lane_namespaces(const std::string& prefix, const std::string& site,
                                           const policy::Network::Site& analysed);

// "plan/0", in keys of what an instance has; "plan/0.2" of incarnation 2.
std::string instance_key(const policy::WorkerKey& worker);

}  // namespace egress::compile
