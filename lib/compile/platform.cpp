// SPDX-License-Identifier: MIT
#include "compile/platform.hpp"

#include <fmt/format.h>

namespace egress::compile {
namespace {

state::NftRule names() {
  return {fmt::format("ip daddr {} meta l4proto {{ tcp, udp }} th dport 53 accept",
                      kAzurePlatform.to_string()),
          "names"};
}

state::NftChain input(std::vector<state::NftRule> rules) {
  rules.push_back({"counter drop", "not answered"});
  return {.hook = state::NftHook{"filter", "input", 0, true}, .rules = std::move(rules)};
}

}  // namespace

void add_platform_addresses(state::NetnsState& vnet) {
  for (const Ipv4Address address : kPlatformAddresses) vnet.addresses.insert({"lo", address, 32});
}

void lead_to_platform(state::NetnsState& vnet, uint32_t table) {
  for (const Ipv4Address address : kPlatformAddresses) {
    add(vnet, special_route(table, Ipv4Prefix::host(address), state::RouteKind::kThrow));
  }
}

void add_platform_answers(state::NftTable& vnet) {
  const std::string metadata = kInstanceMetadata.to_string();
  vnet.chains["input"] =
      input({names(), {fmt::format("ip daddr {} tcp dport 80 accept", metadata), "metadata"}});
  vnet.chains["replies"] = {
      .hook = state::NftHook{"filter", "output", 0, true},
      .rules = {
          {"meta l4proto tcp accept", "refusals and answers"},
          {fmt::format("ip saddr {} udp sport 53 accept", kAzurePlatform.to_string()), "names"},
          {"icmp type destination-unreachable icmp code port-unreachable accept", "refusals"}}};
}

std::string is_for_platform() {
  return fmt::format("ip daddr {{ {}, {} }}", kAzurePlatform.to_string(),
                     kInstanceMetadata.to_string());
}

void add_platform_address(state::NetnsState& stamp) {
  stamp.addresses.insert({"lo", kAzurePlatform, 32});
}

void add_platform_answers_of_stamp(state::NftTable& stamp) {
  stamp.chains["input"] = input({names()});
}

}  // namespace egress::compile
