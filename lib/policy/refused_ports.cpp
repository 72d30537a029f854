// SPDX-License-Identifier: MIT
#include "policy/refused_ports.hpp"

#include <fmt/format.h>

#include "lab/subscriptions.hpp"

namespace egress::policy {
namespace {

constexpr uint16_t kSmtp = 25;
constexpr uint16_t kFirstNetBios = 137;
constexpr uint16_t kLastNetBios = 139;
constexpr uint16_t kSmb = 445;

bool is_tcp(const Packet& packet, uint16_t port) {
  return packet.protocol == number_of(Protocol::kTcp) && packet.destination_port == port;
}

bool is_net_bios(const Packet& packet) {
  return has_ports(packet.protocol) && packet.destination_port >= kFirstNetBios &&
         packet.destination_port <= kLastNetBios;
}

// The worker refuses what is for its own integration itself.
bool is_own_lease(const Network& network, const Origin& origin, Ipv4Address destination) {
  return origin.interface != kNowhere &&
         network.interfaces[origin.interface].address == destination;
}

Step refusal(const std::string& where, const std::string& name, const std::string& reason) {
  return {Stage::kPlatform, where, "Drop", name, reason};
}

const std::string& subscription_name(const Network& network, const Network::Vnet& vnet) {
  const std::string& own = vnet.declared->subscription;
  return own.empty() ? network.situation.lab.subscription : own;
}

std::optional<Step> refused_by_offer(const Network& network, const Network::Vnet& vnet) {
  const auto refusing = refusing_mail(network, vnet);
  if (!refusing) return std::nullopt;
  return refusal(
      vnet.name, *refusing,
      fmt::format("The virtual network's subscription '{}' ({}) does not permit outbound SMTP "
                  "(port 25).",
                  subscription_name(network, vnet),
                  lab::subscription_of(network.situation.lab, *vnet.declared).quota_id));
}

}  // namespace

std::optional<std::string> refusing_mail(const Network& network, const Network::Vnet& vnet) {
  const lab::Lab& lab = network.situation.lab;
  if (lab::sends_mail(lab::subscription_of(lab, *vnet.declared))) return std::nullopt;
  return "subscriptions/" + subscription_name(network, vnet);
}

std::optional<Step> refused_port(const Network& network, const Origin& origin, const Packet& packet,
                                 Exit exit) {
  switch (exit) {
    case Exit::kWorker:
      if (!is_net_bios(packet) || is_own_lease(network, origin, packet.destination)) break;
      return refusal(origin.name, "NetBIOS",
                     "Virtual network integration doesn't support NetBIOS.");
    case Exit::kDirect:
      if (!is_tcp(packet, kSmtp)) break;
      return refusal(origin.name, "tcp/25",
                     "Outbound SMTP connectivity (port 25) is supported when the traffic is routed "
                     "through the virtual network integration; this packet leaves directly.");
    case Exit::kInternet:
      if (!is_tcp(packet, kSmtp)) break;
      return refused_by_offer(network, network.vnets[origin.vnet(network)]);
  }
  return std::nullopt;
}

std::optional<Step> refused_by_network(const Network& network, const Origin& origin,
                                       const Packet& packet, Index vnet) {
  if (packet.protocol != number_of(Protocol::kUdp)) return std::nullopt;
  if (is_own_lease(network, origin, packet.destination)) return std::nullopt;
  const std::string& where = network.vnets[vnet].name;
  if (packet.source_port == kHostPort) {
    return refusal(where, fmt::format("udp/{}", kHostPort),
                   fmt::format("UDP source port {} is reserved for the host.", kHostPort));
  }
  if (packet.source_port == kDhcpClientPort && packet.destination_port == kDhcpServerPort) {
    return refusal(where, fmt::format("udp/{}", kDhcpServerPort),
                   fmt::format("Virtual networks don't carry DHCP by unicast (source port {}, "
                               "destination port {}).",
                               kDhcpClientPort, kDhcpServerPort));
  }
  return std::nullopt;
}

std::optional<Step> unsupported_port(const Origin& origin, const Packet& packet) {
  const bool application = origin.app->name.traffic == lab::TrafficClass::kApplication;
  if (!application || !is_tcp(packet, kSmb)) return std::nullopt;
  return Step{
      Stage::kPlatform, origin.name, "Allow", "tcp/445",
      "Virtual network integration doesn't support mounting a drive; the packet is carried."};
}

}  // namespace egress::policy
