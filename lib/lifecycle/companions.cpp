// SPDX-License-Identifier: MIT
#include "lifecycle/companions.hpp"

#include <fmt/format.h>

#include <functional>

#include "lab/slots.hpp"

namespace egress::lifecycle {
namespace {

using lab::Lab;
using lab::SubnetRef;

void drop(std::string path, Edits& edits) {
  edits.edits.push_back({.verb = lab::Edit::Verb::kDelete, .path = std::move(path)});
}

// Lines of a list: from the end, as each that goes moves those behind it. Returns how many.
size_t drop_lines(const std::string& list, size_t size, const std::function<bool(size_t)>& goes,
                  Edits& edits) {
  size_t dropped = 0;
  for (size_t i = size; i-- > 0;) {
    if (!goes(i)) continue;
    drop(fmt::format("{}[{}]", list, i), edits);
    ++dropped;
  }
  return dropped;
}

void drop_expectations(const Lab& lab, const std::string& of_whom,
                       const std::function<bool(const lab::Expectation&)>& goes, Edits& edits) {
  const size_t dropped = drop_lines(
      "expectations", lab.expectations.size(), [&](size_t i) { return goes(lab.expectations[i]); },
      edits);
  if (dropped == 0) return;
  edits.notes.push_back(fmt::format(
      "deleted, too: {} of {}",
      dropped == 1 ? "the expectation" : fmt::format("{} expectations", dropped), of_whom));
}

// Access of a subnet that is gone is nobody's.
void drop_network_rules(const Lab& lab, const std::function<bool(const SubnetRef&)>& goes,
                        Edits& edits) {
  for (const auto& [name, service] : lab.services) {
    if (!service.network_acls) continue;
    const auto& rules = service.network_acls->virtual_network_rules;
    const size_t dropped = drop_lines(
        fmt::format("services.{}.networkAcls.virtualNetworkRules", name), rules.size(),
        [&](size_t i) { return goes(rules[i]); }, edits);
    if (dropped == 0) continue;
    edits.notes.push_back(
        fmt::format("deleted, too: virtualNetworkRules of service '{}' for it", name));
  }
}

void drop_role_assignments(const Lab& lab, const std::function<bool(const std::string&)>& goes,
                           Edits& edits) {
  if (!lab.role_assignments) return;
  const auto& assignments = *lab.role_assignments;
  const size_t dropped = drop_lines(
      "roleAssignments", assignments.size(), [&](size_t i) { return goes(assignments[i].scope); },
      edits);
  if (dropped > 0) edits.notes.emplace_back("deleted, too: roleAssignments for it");
}

// Azure takes away links of private DNS zones, too, and leaves the other side of a peering behind,
// which would be of a network that nobody knows.
void drop_links(const std::string& vnet, const Lab& lab, Edits& edits) {
  for (const auto& [name, other] : lab.virtual_networks) {
    if (!other.virtual_network_peerings.contains(vnet)) continue;
    drop(fmt::format("virtualNetworks.{}.virtualNetworkPeerings.{}", name, vnet), edits);
    edits.notes.push_back(fmt::format("deleted, too: peering '{}/{}'", name, vnet));
  }
  for (const auto& [name, zone] : lab.private_dns_zones) {
    if (!zone.virtual_network_links.contains(vnet)) continue;
    drop(fmt::format("privateDnsZones.{}.virtualNetworkLinks.{}", name, vnet), edits);
    edits.notes.push_back(
        fmt::format("deleted, too: the link of private DNS zone '{}' to it", name));
  }
}

}  // namespace

void delete_companions(const std::vector<std::string>& keys, const Lab& lab, Edits& edits) {
  if (keys.size() == 2 && keys[0] == "sites") {
    // Its slots go with it.
    drop_expectations(
        lab, fmt::format("'{}'", keys[1]),
        [&](const lab::Expectation& expectation) {
          const auto from = lab.sites.find(expectation.from);
          const bool slot = from != lab.sites.end() && from->second.slot_of == keys[1];
          return slot || expectation.from == keys[1];
        },
        edits);
  } else if (keys.size() == 4 && keys[2] == "slots") {
    const std::string slot = lab::site_of_slot(keys[1], keys[3]);
    drop_expectations(
        lab, fmt::format("'{}'", slot),
        [&](const lab::Expectation& expectation) { return expectation.from == slot; }, edits);
  } else if (keys.size() == 2 && keys[0] == "virtualNetworks") {
    drop_links(keys[1], lab, edits);
    drop_network_rules(
        lab, [&](const SubnetRef& subnet) { return subnet.vnet == keys[1]; }, edits);
    drop_role_assignments(
        lab, [&](const std::string& scope) { return scope.substr(0, scope.find('/')) == keys[1]; },
        edits);
  } else if (keys.size() == 4 && keys[2] == "subnets") {
    const SubnetRef gone{keys[1], keys[3]};
    drop_network_rules(
        lab, [&](const SubnetRef& subnet) { return subnet == gone; }, edits);
    drop_role_assignments(
        lab, [&](const std::string& scope) { return scope == gone.to_string(); }, edits);
  }
}

void delete_expectations_beyond(const std::string& server_farm, int capacity, const Lab& lab,
                                Edits& edits) {
  drop_expectations(
      lab, fmt::format("instances from {} on", capacity),
      [&](const lab::Expectation& expectation) {
        const auto site = lab.sites.find(expectation.from);
        return site != lab.sites.end() && site->second.server_farm == server_farm &&
               expectation.instance >= capacity;
      },
      edits);
}

}  // namespace egress::lifecycle
