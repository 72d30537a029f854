// SPDX-License-Identifier: MIT
#include "policy/equal_ways.hpp"

#include <fmt/format.h>

#include "base/jenkins_hash.hpp"
#include "base/stable_hash.hpp"

namespace egress::policy {

// The bytes are those of the packet's headers, as nftables loads them.
uint32_t way_slot(uint32_t seed, const Packet& packet) {
  JenkinsBytes bytes{};
  size_t size = 0;
  const auto add = [&](uint32_t value) {
    for (uint32_t shift = 32; shift > 0; shift -= 8) {
      bytes[size++] = static_cast<uint8_t>(value >> (shift - 8));
    }
  };
  add(packet.source.bits);
  add(packet.destination.bits);
  if (has_ports(packet.protocol)) {
    add(uint32_t{packet.source_port} << 16U | packet.destination_port);
  }
  return scaled(jenkins_hash(bytes, size, seed), kWaySlots);
}

uint32_t preferred_way(const std::vector<std::string>& ways, uint32_t slot) {
  uint32_t preferred = 0;
  uint64_t highest = 0;
  for (uint32_t way = 0; way < ways.size(); ++way) {
    const uint64_t rank = scattered(fnv1a(fmt::format("{}/{}", slot, ways[way])));
    if (way == 0 || rank > highest) {
      preferred = way;
      highest = rank;
    }
  }
  return preferred;
}

std::vector<uint32_t> preferred_ways(const std::vector<std::string>& ways) {
  std::vector<uint32_t> preferred;
  for (uint32_t slot = 0; slot < kWaySlots; ++slot) preferred.push_back(preferred_way(ways, slot));
  return preferred;
}

}  // namespace egress::policy
