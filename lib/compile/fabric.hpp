// SPDX-License-Identifier: MIT
#pragma once

// What the parts of the data path share while one lab is compiled: the state under construction,
// the numbers given to objects, and the shapes that recur (veth pairs, endpoints behind a router).

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "base/special_ranges.hpp"
#include "compile/compile.hpp"
#include "compile/names.hpp"
#include "compile/snat_ports.hpp"
#include "compile/ways.hpp"
#include "policy/served_names.hpp"
#include "state/routing_tables.hpp"

namespace egress::compile {

using state::kEndpointsTable;
using state::kMainTable;

// Policy rule priorities: steering by mark or interface, then what all packets share.
inline constexpr uint32_t kSteeringPriority = 1000;
inline constexpr uint32_t kSharedPriority = 2000;

// The next hop on links between two routers; it exists only as a neighbour entry.
inline constexpr Ipv4Address kTransitGateway{0xa9feff02};  // 169.254.255.2
// The source of a VNet's own ICMP errors; without any address the kernel would send from 0.0.0.0.
inline constexpr Ipv4Address kFabricAddress{0xa9feff01};  // 169.254.255.1
// The gateways that an app sees on its two interfaces (azure-facts 1.6).
inline constexpr Ipv4Prefix kAppDirectNet{{0xa9fe8100}, 24};  // 169.254.129.0/24
inline constexpr Ipv4Prefix kAppVnetNet{{0xa9fefe00}, 24};    // 169.254.254.0/24
// Source of direct packets and of Internet-bound ones between their worker or VNet and the stamp.
inline constexpr Ipv4Prefix kInsideSpace = kReserved;

struct GateLookups;

struct Fabric {
  const policy::Network& network;
  const Options& options;
  state::KernelState state{};

  std::vector<Way> ways{};

  // Inside addresses, by "worker/PLAN/N", "key-vault/PLAN/N", "lease/PLAN/N/VNET/SUBNET",
  // "front/SITE", "front/SITE/N", "nat/NAME"; N as lab::instance_text() tells it.
  std::map<std::string, uint32_t> inside{};
  Ipv4Address inside_of_worker(const policy::WorkerKey& worker) const;
  // Empty where no lane asks Key Vault in public.
  std::optional<Ipv4Address> inside_of_key_vault(const policy::WorkerKey& worker) const;
  Ipv4Address inside_of(const policy::Interface& integration) const;
  // As which storage of the region sees what a NAT gateway sends.
  Ipv4Address inside_of(const policy::Network::NatGateway& gateway) const;
  // What a front end has between it and workers, and under which it finds an instance there.
  Ipv4Address inside_of_front(const std::string& site) const;
  Ipv4Address inside_of_instance(const std::string& site, const policy::WorkerKey& worker) const;

  // Of each instance, in its outbound address; of those that ask Key Vault in public, in that of
  // the platform.
  PortBlocks snat_ports{};
  PortBlocks key_vault_ports{};

  // The link names of each namespace, by what the links lead to. Whoever owns the namespace gives
  // them, all at once and before any link of it is made.
  std::map<std::string, std::map<std::string, std::string>> link_names{};
  const std::string& link(const std::string& netns, const std::string& text) const;
  // The second interface of an app.
  std::string app_vnet_link(const std::string& site, const policy::WorkerKey& worker) const;

  // By which the lab's machines are asked for; none before somebody needs them.
  std::optional<policy::NamesByAddress> names_by_address{};

  // Of interfaces of machines, by "NETNS/LINK".
  std::map<std::string, state::MacAddress> macs{};
  const state::MacAddress& mac(const std::string& netns, const std::string& link) const;

  // Of security lists: subnets with the same list share what is looked up (gate.cpp).
  std::map<const policy::Gate*, std::shared_ptr<const GateLookups>> gate_lookups{};

  // A namespace with what all have: the kernel's rules, lo, no reverse path filter.
  state::NetnsState& netns(const std::string& name);

  struct End {
    std::string netns{};
    std::string link{};
    state::MacAddress mac{};
    bool forwarding = false;
    std::string alias{};
    bool accept_local = false;
    bool arp = true;
  };
  void veth(const End& a, const End& b);
  // A TUN on either side, which has no MAC (wires.hpp).
  void wire(const End& worker, const End& vnet);
  // A machine's interface.
  End endpoint(const std::string& netns, const std::string& link, bool forwarding,
               std::string alias) const;
};
// Numbers what the lab has. kInvalid when an integration has no lease, or a machine an address that
// is not in its subnet.
Result<Fabric> make_fabric(const policy::Network& network, const Options& options);

// Where a namespace's own addresses stand among its policy rules; 0 in a fresh one. Routers steer
// first: whom a packet is for is decided there.
void place_local_table(state::NetnsState& netns, uint32_t priority);

// The router's MAC on a port of a router namespace. Sources are not for routers to check, and
// without accept_local the kernel would look each of them up (a tenth of a packet's cost where
// there are policy rules).
Fabric::End router_port(std::string netns, std::string link, std::string alias);

// A link between two routers, each of which finds the other at kTransitGateway. The near one's port
// says that it leads to `far_called`, or to `far`.
void join_routers(Fabric& fabric, const std::string& near, const std::string& near_port,
                  const std::string& far, const std::string& far_port,
                  const std::string& far_called = {});

state::Route route_on_link(uint32_t table, Ipv4Prefix destination, const std::string& link);
state::Route route_via(uint32_t table, Ipv4Prefix destination, const std::string& link,
                       Ipv4Address gateway);
state::Route special_route(uint32_t table, Ipv4Prefix destination, state::RouteKind kind);
void add(state::NetnsState& netns, state::Route route);
// Each sender that is refused is told so, however often (the kernel's own bound is one error a
// second to each).
void refuse_everybody(state::NetnsState& netns);
// net.netfilter.nf_conntrack_NAME, which is a namespace's own.
void set_conntrack(state::NetnsState& netns, const std::string& name, int64_t value);

// The subnet's default gateway: the first address of the prefix that holds `address`.
Ipv4Address gateway_of(const lab::Subnet& subnet, Ipv4Address address);

// A chain that refuses at once: RST, or port unreachable.
state::NftChain refusal(const std::string& comment);

}  // namespace egress::compile
