// SPDX-License-Identifier: MIT
#include "policy/source_nat.hpp"

#include <fmt/format.h>

#include "base/stable_hash.hpp"

namespace egress::policy {

std::optional<Ipv4Address> outbound_address(const lab::Lab& lab, const std::string& server_farm,
                                            int instance) {
  if (lab.outbound_ip_addresses.empty()) return std::nullopt;
  // By the instance's own name, so that other plans and instances never move it.
  const uint64_t hash = fnv1a(fmt::format("{}/{}", server_farm, instance));
  return lab.outbound_ip_addresses[hash % lab.outbound_ip_addresses.size()];
}

}  // namespace egress::policy
