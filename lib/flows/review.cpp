// SPDX-License-Identifier: MIT
#include "flows/review.hpp"

#include <algorithm>
#include <memory>
#include <vector>

#include "base/special_ranges.hpp"
#include "compile/marks.hpp"
#include "policy/exits.hpp"
#include "policy/lists.hpp"
#include "policy/load_balancing.hpp"
#include "policy/platform.hpp"

namespace egress::flows {

namespace {

using policy::EffectiveNextHop;
using policy::Index;
using policy::kNowhere;
using policy::Network;
using state::TrackedFlow;

policy::Packet packet_of(const TrackedFlow& flow) {
  const bool ported = has_ports(flow.protocol);
  return {.protocol = flow.protocol,
          .source = flow.source,
          .destination = flow.destination,
          .source_port = ported ? flow.source_port : uint16_t{0},
          .destination_port = ported ? flow.destination_port : uint16_t{0}};
}

// The flow's first packet, on its way through one virtual network of today.
class Passage {
 public:
  Passage(const Network& network, Index vnet, const TrackedFlow& flow)
      : network_(network),
        vnet_(vnet),
        packet_(packet_of(flow)),
        answered_by_{flow.reply_source, flow.reply_source_port} {}

  bool is_flushed() const {
    const Index sender = sender_near();
    if (policy::is_platform_address(packet_.destination)) {
      return is_here(sender) && denies(policy::platform_lists_at(network_, sender), packet_);
    }
    std::vector<Index> senders;
    for (Index at = sender; at != kNowhere && !is_in(senders, at); at = appliance_behind(at)) {
      const bool as_another = sends_as_another(at);
      if (is_here(at)) {
        if (!senders.empty() && denies(at, lab::Direction::kInbound, packet_)) return true;
        if (!as_another && denies(at, lab::Direction::kOutbound, packet_)) return true;
      }
      if (as_another) return false;
      senders.push_back(at);
    }
    policy::Packet packet = packet_;
    const Index receiver = receiver_of(packet);
    if (receiver == kNowhere) return false;
    const Network::Subnet& subnet = subnet_of(receiver);
    if (network_.interfaces[receiver].endpoint == nullptr) {
      return denies(receiver, lab::Direction::kInbound, packet);
    }
    if (!subnet.endpoints_inbound) return false;
    return denies({{subnet.endpoints_inbound.get(), subnet.name}}, packet);
  }

  // Whether it came by a public address that is another machine's by now, or nobody's.
  bool is_misled() const {
    if (!came_by_public_address()) return false;
    const auto machine = network_.public_machines.find(packet_.destination);
    if (machine == network_.public_machines.end()) return true;
    const policy::Interface& reached = network_.interfaces[machine->second];
    return reached.vnet != vnet_ || reached.address != answered_by_.address;
  }

  // As which it leaves the network.
  Ipv4Address source_behind(const compile::Translations& translations) const {
    const Index sender = network_.owner(vnet_, packet_.source);
    if (sender == kNowhere || policy::is_platform_address(packet_.destination))
      return packet_.source;
    if (subnet_of(sender).nat_gateway != kNowhere) return packet_.source;
    const policy::EffectiveRoute& route = route_at(sender);
    if (route.next_hop_type != EffectiveNextHop::kInternet || route.carries_nothing) {
      return packet_.source;
    }
    const auto inside = translations.integrations.find(sender);
    if (inside != translations.integrations.end()) return inside->second;
    return network_.interfaces[sender].public_address.value_or(packet_.source);
  }

 private:
  static bool is_in(const std::vector<Index>& indices, Index index) {
    return std::find(indices.begin(), indices.end(), index) != indices.end();
  }
  bool is_here(Index interface) const {
    return interface != kNowhere && network_.interfaces[interface].vnet == vnet_;
  }
  const Network::Subnet& subnet_of(Index interface) const {
    return network_.subnets[network_.interfaces[interface].subnet];
  }
  const policy::EffectiveRoute& route_at(Index sender) const {
    const policy::Routing& routing = *subnet_of(sender).routing;
    return routing.routes[routing.lookup.find(packet_.destination)];
  }

  // Its first sender, when that is here or in a connected peer; peers of one network have no
  // addresses in common.
  Index sender_near() const {
    Index found = network_.owner(vnet_, packet_.source);
    for (const auto& [peer, accepts] : network_.vnets[vnet_].accepts_forwarded_from) {
      if (found == kNowhere) found = network_.owner(peer, packet_.source);
    }
    return found;
  }

  // Behind a frontend the machine that it was given to, whomever it would be given to today; behind
  // a public address likewise.
  Index receiver_of(policy::Packet& packet) const {
    const Index owner = network_.owner(vnet_, packet.destination);
    const bool as_it_is = owner == kNowhere ? !came_by_public_address()
                                            : network_.interfaces[owner].frontend == kNowhere;
    if (as_it_is) return owner;
    packet.destination = answered_by_.address;
    packet.destination_port = answered_by_.port;
    return network_.owner(vnet_, packet.destination);
  }

  bool came_by_public_address() const {
    return packet_.destination != answered_by_.address &&
           !network_.vnets[vnet_].space.contains(packet_.destination.bits);
  }

  // The appliance to which `sender`'s routes lead and which sends it on.
  Index appliance_behind(Index sender) const {
    const policy::Routing& routing = *subnet_of(sender).routing;
    const Index row = routing.lookup.find(packet_.destination);
    const policy::EffectiveRoute& route = routing.routes[row];
    if (route.next_hop_type != EffectiveNextHop::kVirtualAppliance || route.carries_nothing) {
      return kNowhere;
    }
    const Index hop = routing.targets[row];
    if (hop == kNowhere || network_.interfaces[hop].address == packet_.destination) return kNowhere;
    const Index target = policy::next_hop_for(network_, hop, packet_);
    if (target == kNowhere || !network_.interfaces[target].forwards()) return kNowhere;
    return target;
  }

  // Then it goes on as another flow.
  bool sends_as_another(Index sender) const {
    return policy::translates(network_.interfaces[sender], packet_.source, packet_.destination);
  }

  bool denies(Index interface, lab::Direction direction, const policy::Packet& packet) const {
    return denies(policy::lists_at(network_, interface, direction), packet);
  }
  // Those of them that count for flows that are there.
  bool denies(const std::vector<policy::ListAt>& lists, const policy::Packet& packet) const {
    const auto& groups = network_.situation.lab.network_security_groups;
    return std::any_of(lists.begin(), lists.end(), [&](const policy::ListAt& list) {
      const policy::EffectiveRule& rule = list.gate->decide(packet);
      const std::string group = rule.name.substr(0, rule.name.find('/'));
      return groups.at(group).flush_connection && rule.rule.access == lab::Access::kDeny;
    });
  }

  const Network& network_;
  Index vnet_;
  policy::Packet packet_;
  struct {
    Ipv4Address address{};
    uint16_t port = 0;
  } answered_by_;
};

// An app's own: its interfaces have link-local addresses.
bool is_of_an_app(const TrackedFlow& flow) {
  return kLinkLocal.contains(flow.source);
}

// Connection tracking that has missed a connection's last packets (state::FlowCache) does not take
// its word that a reset ends it: it goes on as established, with no more time than a closed one
// has (net/netfilter/nf_conntrack_proto_tcp.c, tcp_timeout_close), where others have days.
bool is_reset(const TrackedFlow& flow) {
  constexpr uint32_t kCloseSeconds = 10;
  return flow.protocol == number_of(Protocol::kTcp) && !flow.closed && flow.timeout_seconds > 0 &&
         flow.timeout_seconds <= kCloseSeconds;
}

}  // namespace

Fate fate_in_vnet(const Network& network, Index vnet, const compile::Translations& translations,
                  const TrackedFlow& flow) {
  if (is_reset(flow)) return Fate::kForgotten;
  const Passage passage(network, vnet, flow);
  const bool was_denied = flow.mark == compile::kDeniedFlow;
  if (passage.is_flushed()) return was_denied ? Fate::kKept : Fate::kDenied;
  const bool bound =
      flow.reply_destination == passage.source_behind(translations) && !passage.is_misled();
  return was_denied || !bound ? Fate::kForgotten : Fate::kKept;
}

Fate fate_in_worker(const compile::Translations::Zones& zones, const TrackedFlow& flow) {
  if (!is_of_an_app(flow) || flow.reply_destination == flow.source) return Fate::kKept;
  const auto sources = zones.find(flow.zone);
  const bool bound = sources != zones.end() && sources->second.contains(flow.reply_destination);
  return bound ? Fate::kKept : Fate::kForgotten;
}

Fate fate_in_stamp(const compile::Translations& translations, const TrackedFlow& flow) {
  // Its port is held (compile/held_ports.hpp), and free to nobody only as long as it is tracked.
  if (flow.closed) return Fate::kKept;
  const auto outbound = translations.outbound.find(flow.source);
  const bool bound = outbound == translations.outbound.end() ||
                     flow.reply_destination == flow.source ||
                     flow.reply_destination == outbound->second;
  return bound ? Fate::kKept : Fate::kForgotten;
}

Fate fate_at_nat_gateway(const std::set<Ipv4Address>& addresses, const TrackedFlow& flow) {
  return addresses.contains(flow.reply_destination) ? Fate::kKept : Fate::kForgotten;
}

}  // namespace egress::flows
