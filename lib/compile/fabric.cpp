// SPDX-License-Identifier: MIT
#include "compile/fabric.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace egress::compile {
namespace {

std::string worker_key(const std::string& server_farm, int instance) {
  return fmt::format("worker/{}/{}", server_farm, instance);
}

std::string lease_key(const lab::Integration& integration) {
  return fmt::format("lease/{}/{}/{}", integration.server_farm, integration.instance,
                     integration.subnet.to_string());
}

}  // namespace

Fabric::Fabric(const lab::Lab& lab_in, const lab::IntegrationAddresses& addresses_in,
               const Options& options_in)
    : lab(lab_in), addresses(addresses_in), options(options_in) {
  std::vector<std::string> keys;
  for (const auto& [name, farm] : lab.server_farms) {
    for (int i = 0; i < farm.capacity; ++i) keys.push_back(worker_key(name, i));
  }
  for (const auto& [integration, address] : addresses) keys.push_back(lease_key(integration));
  inside = assign_slots(keys, kInsideSpace.first().bits + 1, kInsideSpace.last().bits - 1);
}

Ipv4Address Fabric::inside_of_worker(const std::string& server_farm, int instance) const {
  return {inside.at(worker_key(server_farm, instance))};
}

Ipv4Address Fabric::inside_of(const lab::Integration& integration) const {
  return {inside.at(lease_key(integration))};
}

state::NetnsState& Fabric::netns(const std::string& name) {
  const auto [entry, added] = state.try_emplace(name);
  if (added) {
    entry->second.rules = state::kernel_rules();
    entry->second.links["lo"] = {.name = "lo", .mtu = 65536};
    entry->second.sysctls["net.ipv4.conf.all.rp_filter"] = {"net.ipv4.conf.all.rp_filter", "0"};
  }
  return entry->second;
}

void Fabric::veth(const End& a, const End& b) {
  const auto link = [](const End& here, const End& there) {
    return state::Link{.name = here.link,
                       .peer = {there.netns, there.link},
                       .mac = here.mac,
                       .forwarding = here.forwarding,
                       .accept_local = here.accept_local,
                       .alias = here.alias};
  };
  netns(a.netns).links[a.link] = link(a, b);
  netns(b.netns).links[b.link] = link(b, a);
}

void place_local_table(state::NetnsState& netns, uint32_t priority) {
  constexpr uint32_t kLocalTable = 255;
  for (auto rule = netns.rules.begin(); rule != netns.rules.end(); ++rule) {
    if (rule->table != kLocalTable) continue;
    netns.rules.erase(rule);
    break;
  }
  netns.rules.insert({.priority = priority, .table = kLocalTable});
}

Fabric::End router_port(std::string netns, std::string link, std::string alias) {
  return {std::move(netns), std::move(link), kRouterMac, true, std::move(alias), true};
}

Fabric::End endpoint(std::string netns, std::string link, bool forwarding, std::string alias) {
  const state::MacAddress mac = endpoint_mac(netns, link);
  return {std::move(netns), std::move(link), mac, forwarding, std::move(alias)};
}

state::Route route_on_link(uint32_t table, Ipv4Prefix destination, const std::string& link) {
  return {.table = table, .destination = destination, .link = link};
}

state::Route route_via(uint32_t table, Ipv4Prefix destination, const std::string& link,
                       Ipv4Address gateway) {
  return {
      .table = table, .destination = destination, .link = link, .gateway = gateway, .onlink = true};
}

state::Route special_route(uint32_t table, Ipv4Prefix destination, state::RouteKind kind) {
  return {.table = table, .destination = destination, .kind = kind};
}

void add(state::NetnsState& netns, state::Route route) {
  const state::RouteKey key = state::key_of(route);
  netns.routes[key] = std::move(route);
}

Ipv4Address gateway_of(const lab::Subnet& subnet, Ipv4Address address) {
  const auto& prefixes = subnet.address_prefixes;
  const auto holder = std::find_if(prefixes.begin(), prefixes.end(), [&](const Ipv4Prefix& prefix) {
    return prefix.contains(address);
  });
  EG_CHECK(holder != prefixes.end(), "an address outside its subnet passed validation");
  return {holder->first().bits + 1};
}

std::string mark_text(uint32_t mark) {
  return fmt::format("0x{:08x}", mark);
}

state::NftChain refusal(const std::string& comment) {
  return {.rules = {{"meta l4proto tcp counter reject with tcp reset", comment},
                    {"counter reject", comment}}};
}

}  // namespace egress::compile
