// SPDX-License-Identifier: MIT
#include "compile/names.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace egress::compile {
namespace {

uint64_t mixed(uint64_t hash) {
  hash ^= hash >> 32U;
  hash *= 0x9e3779b97f4a7c15U;
  return hash ^ (hash >> 29U);
}

uint64_t hash_of(std::string_view text) {  // FNV-1a, with a final mix for the low bits
  uint64_t hash = 0xcbf29ce484222325U;
  for (const char letter : text) {
    hash = (hash ^ static_cast<unsigned char>(letter)) * 0x100000001b3U;
  }
  return mixed(hash);
}

std::string base36(uint64_t number, size_t letters) {
  static constexpr std::string_view kDigits = "0123456789abcdefghijklmnopqrstuvwxyz";
  std::string text;
  for (size_t i = 0; i < letters; ++i, number /= kDigits.size()) {
    text += kDigits[number % kDigits.size()];
  }
  return text;
}

}  // namespace

std::string app_netns(const std::string& prefix, const std::string& site, int instance) {
  return fmt::format("{}-app-{}-{}", prefix, site, instance);
}

std::string worker_netns(const std::string& prefix, const std::string& server_farm, int instance) {
  return fmt::format("{}-worker-{}-{}", prefix, server_farm, instance);
}

std::string vnet_netns(const std::string& prefix, const std::string& vnet) {
  return fmt::format("{}-vnet-{}", prefix, vnet);
}

std::string host_netns(const std::string& prefix, const std::string& host) {
  return fmt::format("{}-host-{}", prefix, host);
}

std::string stamp_netns(const std::string& prefix) {
  return prefix + "-stamp";
}

std::string internet_netns(const std::string& prefix) {
  return prefix + "-internet";
}

std::string link_name(const std::string& text) {
  static constexpr size_t kLongest = 15;
  static constexpr size_t kHashLetters = 5;
  if (text.size() <= kLongest) return text;
  return text.substr(0, kLongest - kHashLetters) + base36(hash_of(text), kHashLetters);
}

std::string app_vnet_link(const std::string& site, int instance, int generation) {
  return "vnet0" + base36(hash_of(fmt::format("{}/{}/{}", site, instance, generation)), 8);
}

state::MacAddress endpoint_mac(const std::string& netns, const std::string& link) {
  uint64_t hash = hash_of(netns + "/" + link);
  state::MacAddress mac{{0x02}};
  for (size_t i = 1; i < mac.octets.size(); ++i, hash >>= 8U) {
    mac.octets[i] = static_cast<uint8_t>(hash);
  }
  return mac;
}

std::string gate_chain(lab::Direction direction, const std::string& subnet) {
  return (direction == lab::Direction::kOutbound ? "out/" : "in/") + subnet;
}

std::string rule_chain(lab::Direction direction, const std::string& subnet, lab::Access access,
                       const std::string& rule) {
  const char* verb = access == lab::Access::kAllow ? "allow" : "deny";
  return fmt::format("{}/{}/{}", gate_chain(direction, subnet), verb, rule);
}

void ContentHash::add(uint64_t number) {
  hash_ = mixed(hash_ * 0x100000001b3U ^ number);
}

void ContentHash::add(std::string_view text) {
  add(hash_of(text));
}

std::string content_tag(const ContentHash& content) {
  return base36(content.value(), 6);
}

std::map<std::string, uint32_t> assign_slots(const std::vector<std::string>& keys, uint32_t first,
                                             uint32_t last) {
  const std::set<std::string> sorted(keys.begin(), keys.end());
  const uint64_t size = uint64_t{last} - first + 1;
  EG_CHECK(sorted.size() <= size, "more objects than numbers for them");
  std::map<std::string, uint32_t> slots;
  std::set<uint64_t> taken;
  for (const std::string& key : sorted) {
    uint64_t offset = hash_of(key) % size;
    while (!taken.insert(offset).second) offset = (offset + 1) % size;
    slots[key] = first + static_cast<uint32_t>(offset);
  }
  return slots;
}

}  // namespace egress::compile
