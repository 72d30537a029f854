// SPDX-License-Identifier: MIT
#pragma once

// A lab as packets meet it: names resolved to indices, routes and rule lists compiled, owners of
// addresses by address. Derived once per Model and never changed; `walk` and `reply` read it.

#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "policy/application_routing.hpp"
#include "policy/classifier.hpp"
#include "policy/explain.hpp"

namespace egress::policy {

using Index = uint32_t;
inline constexpr Index kNowhere = ~Index{0};

// One rule list of one subnet.
struct Gate {
  std::vector<EffectiveRule> rules{};
  Classifier classifier{};
  const EffectiveRule& decide(const Packet& packet) const {
    return rules[classifier.decide(packet)];
  }
};

// Longest-prefix lookup among the active rows of an effective route table.
class RouteLookup {
 public:
  explicit RouteLookup(const std::vector<EffectiveRoute>& routes);
  Index find(Ipv4Address destination) const;  // the row, or kNowhere

 private:
  void begin(uint32_t first, Index row);

  struct Segment {
    uint32_t first = 0;
    Index row = kNowhere;
  };
  std::vector<Segment> segments_{};
};

struct SubnetView {
  std::string name{};  // "spoke/integration"
  Index vnet = kNowhere;
  bool integration = false;  // leaves to the Internet by App Service's own source NAT
  std::vector<EffectiveRoute> routes{};
  RouteLookup lookup{{}};
  std::vector<Index> targets{};  // per route: the NVA's host, or the peer's VNet
  std::optional<Gate> outbound{};
  std::optional<Gate> inbound{};
};

struct VnetView {
  std::string name{};
  AddressSet space{};
  std::unordered_map<uint32_t, Index> hosts{};
  // Integration addresses here and in connected peers, with their subnets: nothing may connect
  // to them (contract "Decided" 10).
  std::unordered_map<uint32_t, std::string> integrations_near{};
  // Connected peers, and whether this side lets packets of others in from there.
  std::map<Index, bool> accepts_forwarded_from{};
};

struct HostView {
  const lab::Host* declared = nullptr;
  std::string name{};
  Index subnet = kNowhere;  // kNowhere for Internet hosts
  Index vnet = kNowhere;
};

struct AppView {
  std::string server_farm{};
  ApplicationRouting routing{};
  AddressSet scope{};
  Index subnet = kNowhere;
  std::optional<Ipv4Address> lease{};
  std::optional<Ipv4Address> outbound{};
};

struct Topology {
  // `lab` must outlive the topology.
  Topology(const lab::Lab& lab, const lab::IntegrationAddresses& addresses);

  std::vector<VnetView> vnets{};
  std::vector<SubnetView> subnets{};
  std::vector<HostView> hosts{};
  std::unordered_map<uint32_t, Index> internet_hosts{};
  std::map<AppInstance, AppView> apps{};

  // The host that owns `address` in `vnet`, or kNowhere.
  Index host_in(Index vnet, Ipv4Address address) const;
  Index internet_host(Ipv4Address address) const;
  // The subnet of the integration that owns `address` in `vnet` or a connected peer, or null.
  const std::string* integration_near(Index vnet, Ipv4Address address) const;
  // Whether `to` takes a packet with this source from its peer `from` (azure-facts 6.2).
  bool peer_accepts(Index from, Index to, Ipv4Address source) const;
};

}  // namespace egress::policy
