// SPDX-License-Identifier: MIT
#include "policy/outbound.hpp"

#include <fmt/format.h>

#include "base/stable_hash.hpp"

namespace egress::policy {

Ipv4Address outbound_address(const std::vector<Ipv4Address>& addresses,
                             const std::string& server_farm, int instance) {
  // By the instance's own name, so that other plans and instances never move it.
  const uint64_t hash = fnv1a(fmt::format("{}/{}", server_farm, instance));
  return addresses[hash % addresses.size()];
}

}  // namespace egress::policy
