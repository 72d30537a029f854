// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <algorithm>

#include "lab/resource_ids.hpp"
#include "lifecycle/rules.hpp"

namespace egress::lifecycle {
namespace {

using lab::Lab;
using lab::Subnet;
using lab::SubnetRef;

std::vector<std::string> integrated_with(const SubnetRef& ref, const Lab& lab) {
  std::vector<std::string> sites;
  for (const auto& [name, site] : lab.sites) {
    if (is_in(site.virtual_network_subnet, ref)) sites.push_back(name);
  }
  return sites;
}

// The first of the things by name that is in the subnet on either side.
template <typename T>
std::optional<std::string> stays_in(const SubnetRef& ref, const lab::Named<T>& before,
                                    const lab::Named<T>& after) {
  for (const auto& [name, was] : before) {
    const T* is = find(after, name);
    if (is != nullptr && is_in(was.subnet, ref) && is_in(is->subnet, ref)) return name;
  }
  return std::nullopt;
}

// The same of frontends: the load balancer and the frontend.
std::optional<std::pair<std::string, std::string>> frontend_in(const SubnetRef& ref,
                                                               const Step& step) {
  for (const auto& [name, was] : step.before.load_balancers) {
    const lab::LoadBalancer* is = find(step.after.load_balancers, name);
    if (is == nullptr) continue;
    const auto frontend =
        stays_in(ref, was.frontend_ip_configurations, is->frontend_ip_configurations);
    if (frontend) return std::pair{name, *frontend};
  }
  return std::nullopt;
}

// What keeps a subnet from being changed or deleted: what is there before and after, so that one
// file may take both away.
class SubnetUse {
 public:
  SubnetUse(const SubnetRef& ref, const Step& step) : ref_(ref), step_(step) {
    sites_ = integrated_with(ref, step.after);
    if (integrated_with(ref, step.before).empty()) sites_.clear();
    for (const OrphanedLink& link : step.change.state.orphans) {
      if (same(link.subnet, ref)) orphans_.push_back(link.site);
    }
  }

  bool has_link() const { return !sites_.empty() || !orphans_.empty(); }

  // Its address's id.
  std::optional<std::string> machine() const {
    if (const auto host = stays_in(ref_, step_.before.hosts, step_.after.hosts)) {
      return lab::host_ip_configuration_id(step_.before, *host);
    }
    const auto endpoint =
        stays_in(ref_, step_.before.private_endpoints, step_.after.private_endpoints);
    if (endpoint) return lab::endpoint_ip_configuration_id(step_.before, *endpoint);
    const auto frontend = frontend_in(ref_, step_);
    if (!frontend) return std::nullopt;
    return lab::frontend_ip_configuration_id(step_.before, frontend->first, frontend->second);
  }

  std::string remedy() const {
    if (!sites_.empty()) return fmt::format("disconnect {} first", fmt::join(sites_, ", "));
    if (orphans_.empty()) return {};
    return fmt::format("recreate site '{}' and disconnect it, or: egressctl purge {}",
                       orphans_.front(), ref_.to_string());
  }

 private:
  const SubnetRef& ref_;
  const Step& step_;
  std::vector<std::string> sites_{};
  std::vector<std::string> orphans_{};
};

// Why the subnet cannot go, if it cannot.
std::optional<Refusal> refused_deletion(const SubnetRef& ref, const Step& step, std::string path) {
  const SubnetUse use(ref, step);
  if (use.has_link()) {
    return refusal(lab::subnet_in_use(ref.subnet, lab::link_id(step.before, ref)), std::move(path),
                   use.remedy());
  }
  const auto machine = use.machine();
  if (!machine) return std::nullopt;
  return refusal(lab::subnet_in_use(ref.subnet, *machine), std::move(path));
}

// A network goes with all its subnets: the first that cannot is told.
void refuse_vnet_deletion(const std::string& vnet, const lab::VirtualNetwork& was, const Step& step,
                          Refusals& refusals) {
  for (const auto& [name, subnet] : was.subnets) {
    auto refused = refused_deletion({vnet, name}, step, "virtualNetworks." + vnet);
    if (!refused) continue;
    refusals.push_back(std::move(*refused));
    return;
  }
}

bool lists(const Subnet& subnet, const Ipv4Prefix& prefix) {
  const auto& all = subnet.address_prefixes;
  return std::find(all.begin(), all.end(), prefix) != all.end();
}

// azure-facts 3.3.2: no new size for a subnet that is in use.
void refuse_resize(const SubnetRef& ref, const Subnet& was, const Subnet& is, const SubnetUse& use,
                   Refusals& refusals) {
  const std::string path = path_of(ref) + ".addressPrefixes";
  for (const Ipv4Prefix& prefix : was.address_prefixes) {
    if (lists(is, prefix)) continue;
    refusals.push_back(refusal(lab::prefix_in_use(ref.subnet, prefix), path, use.remedy()));
    return;
  }
  const bool grows = std::any_of(is.address_prefixes.begin(), is.address_prefixes.end(),
                                 [&](const Ipv4Prefix& prefix) { return !lists(was, prefix); });
  if (!grows) return;
  refusals.push_back(refusal(lab::subnet_cannot_be_updated(ref.subnet), path, use.remedy()));
}

// azure-facts 3.4.4.
void refuse_delegation(const SubnetRef& ref, const Subnet& was, const Subnet& is,
                       const SubnetUse& use, const Step& step, Refusals& refusals) {
  const bool delegated = is_integration_subnet(was);
  if (is_integration_subnet(is) == delegated) return;
  const std::string path = path_of(ref) + ".delegations";
  const std::string id = lab::subnet_id(step.before, ref);
  if (delegated && use.has_link()) {
    refusals.push_back(
        refusal(lab::delegation_required(id, lab::link_id(step.before, ref)), path, use.remedy()));
  }
  if (delegated) return;
  const auto machine = use.machine();
  if (!machine) return;
  refusals.push_back(
      refusal(lab::delegations_cannot_change(id, *machine), path, "use a subnet without machines"));
}

void refuse_subnet(const SubnetRef& ref, const Subnet& was, const lab::VirtualNetwork& vnet,
                   const Step& step, Refusals& refusals) {
  const Subnet* is = find(vnet.subnets, ref.subnet);
  if (is == nullptr) {
    if (auto refused = refused_deletion(ref, step, path_of(ref))) {
      refusals.push_back(std::move(*refused));
    }
    return;
  }
  if (was == *is) return;
  const SubnetUse use(ref, step);
  if (use.has_link()) refuse_resize(ref, was, *is, use, refusals);
  refuse_delegation(ref, was, *is, use, step, refusals);
}

// What subnets name in one of their properties, and how it is called by ARM.
struct Association {
  const char* map = "";  // in the lab's file
  std::optional<std::string> Subnet::*property = nullptr;
  std::string (*id)(const Lab&, const std::string&) = nullptr;
  lab::AzureText (*text)(const std::string&, const std::vector<std::string>&) = nullptr;
};

bool names(const std::optional<std::string>& property, const std::string& name) {
  return property && !lab::NameLess{}(*property, name) && !lab::NameLess{}(name, *property);
}

// What network interfaces name likewise.
void add_interfaces(const std::string& group, const Step& step, std::vector<std::string>& users) {
  for (const auto& [host, was] : step.before.hosts) {
    const lab::Host* is = find(step.after.hosts, host);
    const bool uses = is != nullptr && names(was.network_security_group, group) &&
                      names(is->network_security_group, group);
    if (uses) users.push_back(lab::host_interface_id(step.before, host));
  }
}

// Ids of the subnets, and of a security group the network interfaces, that named it and still do.
std::vector<std::string> users_of(const std::string& name, const Association& kind,
                                  const Step& step) {
  std::vector<std::string> users;
  for (const auto& [vnet_name, vnet] : step.before.virtual_networks) {
    for (const auto& [subnet_name, was] : vnet.subnets) {
      const SubnetRef ref{vnet_name, subnet_name};
      const Subnet* is = step.after.find(ref);
      if (is == nullptr || !names(was.*kind.property, name) || !names(is->*kind.property, name)) {
        continue;
      }
      users.push_back(lab::subnet_id(step.before, ref));
    }
  }
  if (kind.property == &Subnet::network_security_group) add_interfaces(name, step, users);
  return users;
}

template <typename T>
void refuse_deletions(const lab::Named<T>& before, const lab::Named<T>& after,
                      const Association& kind, const Step& step, Refusals& refusals) {
  for (const auto& [name, resource] : before) {
    if (find(after, name) != nullptr) continue;
    const std::vector<std::string> users = users_of(name, kind, step);
    if (users.empty()) continue;
    refusals.push_back(refusal(kind.text(kind.id(step.before, name), users),
                               fmt::format("{}.{}", kind.map, name)));
  }
}

}  // namespace

void refuse_subnets(const Step& step, Refusals& refusals) {
  for (const auto& [vnet_name, was] : step.before.virtual_networks) {
    const lab::VirtualNetwork* is = find(step.after.virtual_networks, vnet_name);
    if (is == nullptr) {
      refuse_vnet_deletion(vnet_name, was, step, refusals);
      continue;
    }
    for (const auto& [subnet_name, subnet] : was.subnets) {
      refuse_subnet({vnet_name, subnet_name}, subnet, *is, step, refusals);
    }
  }
  refuse_deletions(step.before.network_security_groups, step.after.network_security_groups,
                   {"networkSecurityGroups", &Subnet::network_security_group,
                    lab::network_security_group_id, lab::security_group_in_use},
                   step, refusals);
  refuse_deletions(
      step.before.route_tables, step.after.route_tables,
      {"routeTables", &Subnet::route_table, lab::route_table_id, lab::route_table_in_use}, step,
      refusals);
  refuse_deletions(
      step.before.nat_gateways, step.after.nat_gateways,
      {"natGateways", &Subnet::nat_gateway, lab::nat_gateway_id, lab::nat_gateway_in_use}, step,
      refusals);
}

}  // namespace egress::lifecycle
