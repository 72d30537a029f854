// SPDX-License-Identifier: MIT
#include "lab/check/checks.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "lab/limits.hpp"

namespace egress::lab {
void Checks::add(Severity severity, std::string path, std::string code, std::string message,
                 std::string hint, Paths rests_on) {
  rests_on.push_back(path);
  checks_.push_back({.finding = {.severity = severity,
                                 .path = std::move(path),
                                 .code = std::move(code),
                                 .message = std::move(message),
                                 .hint = std::move(hint)},
                     .rests_on = std::move(rests_on)});
}

void Checks::error_in_name(std::string path, std::string message, std::string hint) {
  checks_.push_back({.finding = {.path = std::move(path),
                                 .code = "name",
                                 .message = std::move(message),
                                 .hint = std::move(hint)}});
}

void Checks::clash(std::string code, Claim one, Claim other, Paths rests_on, bool spoils) {
  rests_on.insert(rests_on.end(), {one.path, other.path});
  const auto told = [&](Claim& claim) {
    return Finding{
        .path = std::move(claim.path), .code = code, .message = claim.owner + claim.message};
  };
  checks_.push_back({.finding = told(one),
                     .rests_on = std::move(rests_on),
                     .mirrored = told(other),
                     .owner_length = one.owner.size(),
                     .mirrored_owner_length = other.owner.size(),
                     .spoils = spoils});
}

void Checks::limit(const std::string& path, size_t count, size_t allowed, const std::string& what,
                   const std::string& where) {
  if (count <= allowed) return;
  error(path, "limit", fmt::format("{} {}, {} are allowed{}", count, what, allowed, where));
}

bool Checks::wants_suggestions() const {
  return checks_.size() < kMaxSuggestions;
}

bool Checks::refers_to_subnet(const std::string& path, const SubnetRef& ref, const Lab& lab) {
  if (!refers(path, "virtual network", ref.vnet, lab.virtual_networks, "virtualNetworks")) {
    return false;
  }
  return refers(path, "'" + ref.vnet + "' has no subnet", ref.subnet,
                lab.virtual_networks.at(ref.vnet).subnets, vnet_path(ref.vnet) + ".subnets");
}

std::string vnet_path(const std::string& vnet) {
  return "virtualNetworks." + vnet;
}

std::string subnet_path(const SubnetRef& ref) {
  return vnet_path(ref.vnet) + ".subnets." + ref.subnet;
}

std::string frontend_path(const std::string& balancer, const std::string& frontend) {
  return fmt::format("loadBalancers.{}.frontendIPConfigurations.{}", balancer, frontend);
}

std::vector<Overlap> overlaps(std::vector<OwnedPrefix> prefixes) {
  // Sorted by first address, a prefix overlaps an earlier one exactly when it overlaps the one
  // that reaches furthest so far. Stable: of equal ones the first declared is the earlier.
  std::stable_sort(prefixes.begin(), prefixes.end(),
                   [](const OwnedPrefix& a, const OwnedPrefix& b) { return a.prefix < b.prefix; });
  std::vector<Overlap> found;
  const OwnedPrefix* furthest = nullptr;
  for (const OwnedPrefix& prefix : prefixes) {
    if (furthest != nullptr && furthest->prefix.overlaps(prefix.prefix)) {
      found.push_back({*furthest, prefix});
    }
    if (furthest == nullptr || furthest->prefix.last() < prefix.prefix.last()) furthest = &prefix;
  }
  return found;
}

std::vector<Check> checks_of(const Lab& lab) {
  Checks checks;
  check_names(lab, checks);
  check_networks(lab, checks);
  check_peerings(lab, checks);
  check_security(lab, checks);
  check_routes(lab, checks);
  check_next_hops(lab, checks);
  check_regions(lab, checks);
  check_web(lab, checks);
  check_app_settings(lab, checks);
  check_integrations(lab, checks);
  check_hosts(lab, checks);
  check_private_addresses(lab, checks);
  check_public_addresses(lab, checks);
  check_services(lab, checks);
  check_endpoints(lab, checks);
  check_dns(lab, checks);
  check_site_dns(lab, checks);
  check_subscriptions(lab, checks);
  check_role_assignments(lab, checks);
  check_nat(lab, checks);
  check_gateways(lab, checks);
  check_load_balancers(lab, checks);
  check_platform(lab, checks);
  check_expectations(lab, checks);
  check_not_emulated(lab, checks);
  return std::move(checks).take();
}

}  // namespace egress::lab
