// SPDX-License-Identifier: MIT
// Theory of operation. A virtual network hands what the gateway's subnets send to the Internet over
// untranslated, each flow under its sender's own address. A hash of the flow chooses the gateway's
// address (contract "Decided" 15). Of each there are 64,512 ports for TCP and as many for UDP, so
// new flows go by turns into buckets, each of which counts its own: to count them in one the kernel
// would walk over all of them for each new flow. It holds 50,000 of them to one destination
// (azure-facts 7.1.6), which is the range that ports are chosen from. What is forgotten begins no
// flow, and where TCP goes on with it a reset says so (7.1.7).
#include <fmt/format.h>

#include "compile/data_path.hpp"
#include "lab/limits.hpp"
#include "policy/path_limits.hpp"

namespace egress::compile {
namespace {

using Gateway = policy::Network::NatGateway;

constexpr uint32_t kBuckets = 2'016;
constexpr uint32_t kFlowsOfABucket = 32;
static_assert(kBuckets * kFlowsOfABucket == lab::kPortsPerAddress);
constexpr int kFirstPort = 1'024;
constexpr int kLastPort = kFirstPort + policy::kNatPortsToDestination - 1;

// How long ports of ended flows are held (azure-facts 7.1.8).
constexpr std::chrono::seconds kHoldAfterClose{65};
constexpr std::chrono::seconds kHoldAfterReset{16};
constexpr std::chrono::seconds kHalfOpen{30};

void set_time_outs(state::NetnsState& netns, const Gateway& gateway) {
  const auto set = [&](const std::string& name, int64_t value) {
    set_conntrack(netns, name, value);
  };
  set("tcp_timeout_established", gateway.idle.count());
  for (const char* opening : {"syn_sent", "syn_recv"}) {
    set(fmt::format("tcp_timeout_{}", opening), kHalfOpen.count());
  }
  for (const char* closing : {"fin_wait", "close_wait", "last_ack", "time_wait"}) {
    set(fmt::format("tcp_timeout_{}", closing), kHoldAfterClose.count());
  }
  set("tcp_timeout_close", kHoldAfterReset.count());
  set("udp_timeout", policy::kIdleUdpAtNatGateway.count());
  set("udp_timeout_stream", policy::kIdleUdpAtNatGateway.count());
  set("tcp_loose", 0);
  // A packet beside the window of a flow that lives must not be taken for one of an idle flow.
  set("tcp_be_liberal", 1);
}

std::string address_chain(Ipv4Address address) {
  return "address/" + address.to_string();
}

void add_address(state::NftTable& table, Ipv4Address address) {
  const std::string text = address.to_string();
  state::NftChain chain{
      .rules = {{fmt::format("meta mark set numgen inc mod {}", kBuckets), "a bucket by turns"}}};
  for (const char* protocol : {"tcp", "udp"}) {
    const std::string set = fmt::format("{}/{}", protocol, text);
    table.maps[set] = {.key = {state::NftField::kMark}, .size = kBuckets};
    chain.rules.push_back({fmt::format("meta l4proto {} add @{} {{ meta mark ct count over {} }} "
                                       "counter drop",
                                       protocol, set, kFlowsOfABucket),
                           fmt::format("{} ports", lab::kPortsPerAddress)});
  }
  chain.rules.push_back(
      {fmt::format("meta l4proto {{ tcp, udp }} snat to {}:{}-{}", text, kFirstPort, kLastPort),
       fmt::format("{} to one destination", policy::kNatPortsToDestination)});
  table.chains[address_chain(address)] = std::move(chain);
}

state::NftRule choice_of(const std::vector<Ipv4Address>& addresses) {
  if (addresses.size() == 1) {
    return {fmt::format("oifname \"inet0\" goto {}", address_chain(addresses.front())),
            "its address"};
  }
  std::string chains;
  for (size_t i = 0; i < addresses.size(); ++i) {
    chains += fmt::format("{}{} : goto {}", i == 0 ? "" : ", ", i, address_chain(addresses[i]));
  }
  return {fmt::format("oifname \"inet0\" jhash ip saddr . th sport . ip daddr . th dport mod {} "
                      "vmap {{ {} }}",
                      addresses.size(), chains),
          "an address by the flow's hash"};
}

state::Firewall firewall_of(const Fabric& fabric, const Gateway& gateway) {
  state::NftTable table;
  table.maps["hiding"] = hiding_set(fabric.network);
  table.chains["translation"] = {
      .hook = state::NftHook{"nat", "postrouting", 100},
      .rules = {{fmt::format("oifname \"inet0\" ip daddr @hiding snat to {}",
                             fabric.inside_of(gateway).to_string()),
                 "storage of the region"},
                choice_of(gateway.addresses)}};
  for (const Ipv4Address address : gateway.addresses) add_address(table, address);
  table.chains["forwarding"] = {
      .hook = state::NftHook{"filter", "forward", 0, true},
      .rules = {
          {"ct state established,related accept", "answers"},
          {"iifname \"vnet0\" ct state new meta l4proto { tcp, udp } accept", "to the Internet"},
          {"iifname \"vnet0\" ct state invalid meta l4proto tcp counter reject with tcp reset",
           "idle for too long"}}};
  table.chains["replies"] = silence();
  return state::make_firewall(std::move(table));
}

void add_gateway(Fabric& fabric, const Gateway& gateway) {
  const std::string name = nat_netns(fabric.options.prefix, gateway.name);
  const std::string internet = internet_netns(fabric.options.prefix);
  const std::string& port = fabric.link(internet, nat_port(gateway.name));
  join_routers(fabric, name, "inet0", internet, port);
  std::vector<Ipv4Address> shown = gateway.addresses;
  shown.push_back(fabric.inside_of(gateway));
  for (const Ipv4Address address : shown) {
    add(fabric.netns(internet),
        route_via(kMainTable, Ipv4Prefix::host(address), port, kTransitGateway));
  }
  // By where a packet comes from: a route of the network may lead addresses of its own out.
  state::NetnsState& netns = fabric.netns(name);
  netns.rules.insert(
      {.priority = kSteeringPriority, .table = state::kInternetTable, .iif = "vnet0"});
  add(netns, route_via(state::kInternetTable, {}, "inet0", kTransitGateway));
  add(netns, route_via(kMainTable, {}, "vnet0", kTransitGateway));
  set_time_outs(netns, gateway);
  netns.firewall = firewall_of(fabric, gateway);
}

}  // namespace

std::string nat_port(const std::string& gateway) {
  return "n-" + gateway;
}

void add_nat_gateways(Fabric& fabric) {
  for (const Gateway& gateway : fabric.network.nat_gateways) add_gateway(fabric, gateway);
}

}  // namespace egress::compile
