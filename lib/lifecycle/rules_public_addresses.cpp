// SPDX-License-Identifier: MIT
#include <algorithm>

#include "lab/resource_ids.hpp"
#include "lifecycle/rules.hpp"

namespace egress::lifecycle {
namespace {

bool is_called(const std::string& name, const std::string& other) {
  return !lab::NameLess{}(name, other) && !lab::NameLess{}(other, name);
}

bool has(const lab::NatGateway& gateway, const std::string& address) {
  const auto& all = gateway.public_ip_addresses;
  return std::any_of(all.begin(), all.end(),
                     [&](const std::string& each) { return is_called(each, address); });
}

bool has(const lab::Host& host, const std::string& address) {
  return host.public_ip_address && is_called(*host.public_ip_address, address);
}

// The first by name that had the address and still does.
template <typename T>
std::optional<std::string> user_among(const lab::Named<T>& before, const lab::Named<T>& after,
                                      const std::string& address) {
  for (const auto& [name, was] : before) {
    const T* is = find(after, name);
    if (is != nullptr && has(was, address) && has(*is, address)) return name;
  }
  return std::nullopt;
}

std::optional<std::string> user_of(const std::string& address, const Step& step) {
  const auto gateway = user_among(step.before.nat_gateways, step.after.nat_gateways, address);
  if (gateway) return lab::nat_gateway_id(step.before, *gateway);
  const auto host = user_among(step.before.hosts, step.after.hosts, address);
  if (host) return lab::host_ip_configuration_id(step.before, *host);
  return std::nullopt;
}

}  // namespace

void refuse_public_addresses(const Step& step, Refusals& refusals) {
  for (const auto& [name, address] : step.before.public_ip_addresses) {
    if (find(step.after.public_ip_addresses, name) != nullptr) continue;
    const auto user = user_of(name, step);
    if (!user) continue;
    const std::string id = lab::public_ip_address_id(step.before, name);
    refusals.push_back(
        refusal(lab::public_ip_address_in_use(id, *user), "publicIPAddresses." + name));
  }
}

}  // namespace egress::lifecycle
