// SPDX-License-Identifier: MIT
#include "state/nft_table.hpp"

#include <fmt/format.h>

#include <string_view>

namespace egress::state {
namespace {

// FNV-1a of 128 bits: a content hash among friends. Tampering shows by the kernel's generation id.
std::string fnv1a_128(std::string_view text) {
  __extension__ using Wide = unsigned __int128;
  constexpr Wide kOffset = (Wide{0x6c62272e07bb0142} << 64U) | Wide{0x62b821756295c58d};
  constexpr Wide kPrime = (Wide{0x0000000001000000} << 64U) | Wide{0x000000000000013b};
  Wide hash = kOffset;
  for (const char letter : text) hash = (hash ^ static_cast<unsigned char>(letter)) * kPrime;
  return fmt::format("{:016x}{:016x}", static_cast<uint64_t>(hash >> 64U),
                     static_cast<uint64_t>(hash));
}

}  // namespace

std::string to_text(const NftTable& table) {
  std::string text;
  for (const auto& [name, set] : table.sets) {
    text += fmt::format("{} {}: {}{}\n", set.is_map ? "map" : "set", name, set.type,
                        set.interval ? "; flags interval" : "");
    for (const std::string& element : set.elements) text += "  " + element + "\n";
  }
  for (const auto& [name, chain] : table.chains) {
    text += "chain " + name;
    if (chain.hook) {
      text += fmt::format(": type {} hook {} priority {}; policy {}", chain.hook->type,
                          chain.hook->hook, chain.hook->priority,
                          chain.hook->policy_drop ? "drop" : "accept");
    }
    text += "\n";
    for (const std::string& rule : chain.rules) text += "  " + rule + "\n";
  }
  return text;
}

Firewall make_firewall(NftTable table) {
  const std::string digest = fnv1a_128(to_text(table));
  return {.digest = digest, .table = std::make_shared<const NftTable>(std::move(table))};
}

}  // namespace egress::state
