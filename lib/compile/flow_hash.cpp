// SPDX-License-Identifier: MIT
// Theory of operation. nft adds no two numbers that it has looked up. So the one end's bucket leads
// to a chain of its own, and the other end's there to the target: with N targets N chains of N
// elements each.
#include "compile/flow_hash.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <utility>

#include "policy/equal_ways.hpp"

namespace egress::compile {
namespace {

enum class End { kSource, kDestination };

std::string bucket_text(End end, uint32_t seed, policy::HashedParts parts, size_t count) {
  const char* const side = end == End::kSource ? "s" : "d";
  std::string hashed = fmt::format("ip {}addr", side);
  if (parts != policy::HashedParts::kAddress) hashed = "meta l4proto . " + hashed;
  if (parts == policy::HashedParts::kProtocolAddressAndPort) {
    hashed += fmt::format(" . th {}port", side);
  }
  return fmt::format("jhash {} mod {} seed {:#010x}", hashed, count, seed);
}

// "jhash … vmap { 0 : goto A, 1 : goto B }"
state::NftRule leap(const std::string& bucket, const std::vector<std::string>& chains) {
  std::vector<std::string> elements;
  for (size_t i = 0; i < chains.size(); ++i) {
    elements.push_back(fmt::format("{} : goto {}", i, chains[i]));
  }
  return {fmt::format("{} vmap {{ {} }}", bucket, fmt::join(elements, ", ")), "by the flow's hash"};
}

}  // namespace

void add_choice(state::NftTable& table, const std::string& chain, uint32_t seed,
                policy::HashedParts parts, const std::vector<std::string>& targets) {
  const size_t count = targets.size();
  if (count == 1) {
    table.chains[chain] = {.rules = {{"goto " + targets.front(), "the only one"}}};
    return;
  }
  const std::string second = bucket_text(End::kDestination, seed, parts, count);
  std::vector<std::string> by_source;
  for (size_t i = 0; i < count; ++i) {
    by_source.push_back(fmt::format("{}/{}", chain, i));
    std::vector<std::string> turned;
    for (size_t k = 0; k < count; ++k) turned.push_back(targets[(i + k) % count]);
    table.chains[by_source.back()] = {.rules = {leap(second, turned)}};
  }
  table.chains[chain] = {.rules = {leap(bucket_text(End::kSource, seed, parts, count), by_source)}};
}

// Source and destination port are the first four bytes behind the header of the network.
void add_way_choice(state::NftTable& table, const std::string& chain, uint32_t seed,
                    const std::vector<std::string>& ways, const std::string& target) {
  std::vector<std::string> chains;
  for (const uint32_t way : policy::preferred_ways(ways)) chains.push_back(target + ways[way]);
  const auto by = [&](const char* ports) {
    return fmt::format("jhash ip saddr . ip daddr{} mod {} seed {:#010x}", ports, chains.size(),
                       seed);
  };
  state::NftRule with_ports = leap(by(" . @th,0,32"), chains);
  with_ports.expression = "meta l4proto { tcp, udp } " + with_ports.expression;
  table.chains[chain] = {.rules = {std::move(with_ports), leap(by(""), chains)}};
}

}  // namespace egress::compile
