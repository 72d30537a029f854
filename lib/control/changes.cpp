// SPDX-License-Identifier: MIT
#include "control/changes.hpp"

#include <utility>

namespace egress::control {

namespace {

template <typename T>
class Comparison {
 public:
  Comparison(const char* kind, std::vector<ResourceChange>& found) : kind_(kind), found_(found) {}

  // `parent` is "" or "nsg/", the head of the names.
  void add(const std::string& parent, const std::map<std::string, T>* before,
           const std::map<std::string, T>* after) {
    static const std::map<std::string, T> kNone;
    const auto& old_ones = before == nullptr ? kNone : *before;
    const auto& new_ones = after == nullptr ? kNone : *after;
    for (const auto& [name, value] : new_ones) {
      const auto old_one = old_ones.find(name);
      if (old_one == old_ones.end()) {
        found_.push_back({"add", kind_, parent + name});
      } else if (!same(old_one->second, value)) {
        found_.push_back({"change", kind_, parent + name});
      }
    }
    for (const auto& [name, value] : old_ones) {
      if (new_ones.count(name) == 0) found_.push_back({"remove", kind_, parent + name});
    }
  }

 private:
  static bool same(const T& a, const T& b) { return a == b; }

  const char* kind_;
  std::vector<ResourceChange>& found_;
};

template <>
bool Comparison<lab::VirtualNetwork>::same(const lab::VirtualNetwork& a,
                                           const lab::VirtualNetwork& b) {
  return a.location == b.location && a.address_prefixes == b.address_prefixes &&
         a.dns_servers == b.dns_servers;
}

template <>
bool Comparison<lab::NetworkSecurityGroup>::same(const lab::NetworkSecurityGroup&,
                                                 const lab::NetworkSecurityGroup&) {
  return true;  // a group is its name and its rules
}

template <>
bool Comparison<lab::RouteTable>::same(const lab::RouteTable&, const lab::RouteTable&) {
  return true;
}

// The children of each parent that is in either lab.
template <typename Child, typename Parent>
void compare_children(const char* kind, const std::map<std::string, Parent>& before,
                      const std::map<std::string, Parent>& after,
                      std::map<std::string, Child> Parent::*children,
                      std::vector<ResourceChange>& found) {
  Comparison<Child> comparison(kind, found);
  for (const auto& [name, parent] : after) {
    const auto old_one = before.find(name);
    comparison.add(name + "/", old_one == before.end() ? nullptr : &(old_one->second.*children),
                   &(parent.*children));
  }
  for (const auto& [name, parent] : before) {
    if (after.count(name) == 0) comparison.add(name + "/", &(parent.*children), nullptr);
  }
}

bool same_tags(const lab::Lab& a, const lab::Lab& b) {
  if (a.service_tags == nullptr || b.service_tags == nullptr) {
    return a.service_tags == b.service_tags;
  }
  return *a.service_tags == *b.service_tags;
}

void compare_settings(const lab::Lab* before, const lab::Lab& after,
                      std::vector<ResourceChange>& found) {
  if (before == nullptr) return;
  const auto note = [&](bool same, const char* name) {
    if (!same) found.push_back({"change", "lab", name});
  };
  note(before->location == after.location, "location");
  note(before->outbound_ip_addresses == after.outbound_ip_addresses, "outboundIpAddresses");
  note(before->address_allocation == after.address_allocation, "addressAllocation");
  note(before->application_security_groups == after.application_security_groups,
       "applicationSecurityGroups");
  note(same_tags(*before, after), "serviceTags");
}

}  // namespace

std::vector<ResourceChange> resource_changes(const lab::Lab* before, const lab::Lab& after) {
  static const lab::Lab kNothing;
  const lab::Lab& old_lab = before == nullptr ? kNothing : *before;
  std::vector<ResourceChange> found;
  compare_settings(before, after, found);
  Comparison<lab::NetworkSecurityGroup>("networkSecurityGroup", found)
      .add("", &old_lab.network_security_groups, &after.network_security_groups);
  compare_children("securityRule", old_lab.network_security_groups, after.network_security_groups,
                   &lab::NetworkSecurityGroup::security_rules, found);
  Comparison<lab::RouteTable>("routeTable", found)
      .add("", &old_lab.route_tables, &after.route_tables);
  compare_children("route", old_lab.route_tables, after.route_tables, &lab::RouteTable::routes,
                   found);
  Comparison<lab::VirtualNetwork>("virtualNetwork", found)
      .add("", &old_lab.virtual_networks, &after.virtual_networks);
  compare_children("subnet", old_lab.virtual_networks, after.virtual_networks,
                   &lab::VirtualNetwork::subnets, found);
  compare_children("virtualNetworkPeering", old_lab.virtual_networks, after.virtual_networks,
                   &lab::VirtualNetwork::virtual_network_peerings, found);
  Comparison<lab::ServerFarm>("serverFarm", found)
      .add("", &old_lab.server_farms, &after.server_farms);
  Comparison<lab::Site>("site", found).add("", &old_lab.sites, &after.sites);
  Comparison<lab::Host>("host", found).add("", &old_lab.hosts, &after.hosts);
  return found;
}

}  // namespace egress::control
