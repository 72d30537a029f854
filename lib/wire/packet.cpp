// SPDX-License-Identifier: MIT
#include "wire/packet.hpp"

#include <arpa/inet.h>
#include <netinet/ip.h>
#include <netinet/ip_icmp.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>

#include <algorithm>
#include <cstring>
#include <limits>

#include "base/stable_hash.hpp"

namespace egress::wire {
namespace {

// What the ports of TCP and UDP, and little else of their headers, have in common.
struct Ports {
  uint16_t source = 0;
  uint16_t destination = 0;
};

template <typename Header>
std::optional<Header> read(std::span<const uint8_t> bytes) {
  Header header;
  if (bytes.size() < sizeof header) return std::nullopt;
  std::memcpy(&header, bytes.data(), sizeof header);
  return header;
}

// A packet of IPv4, and what is behind its header.
struct Ip {
  iphdr header{};
  std::span<const uint8_t> payload{};

  bool is_fragment() const { return (ntohs(header.frag_off) & (IP_MF | IP_OFFMASK)) != 0; }
  FlowKey portless_key() const {
    return {.protocol = header.protocol,
            .source = {ntohl(header.saddr)},
            .destination = {ntohl(header.daddr)}};
  }
};

std::optional<Ip> ip_of(std::span<const uint8_t> bytes) {
  const auto header = read<iphdr>(bytes);
  if (!header || header->version != IPVERSION) return std::nullopt;
  const size_t size = size_t{header->ihl} * 4;
  if (size < sizeof(iphdr) || size > bytes.size()) return std::nullopt;
  return Ip{*header, bytes.subspan(size)};
}

std::optional<FlowKey> flow_of(const Ip& ip) {
  if (ip.is_fragment()) return std::nullopt;
  FlowKey key = ip.portless_key();
  if (has_ports(key.protocol)) {
    const auto ports = read<Ports>(ip.payload);
    if (!ports) return std::nullopt;
    key.source_port = ntohs(ports->source);
    key.destination_port = ntohs(ports->destination);
    return key;
  }
  if (key.protocol != IPPROTO_ICMP) return std::nullopt;
  const auto icmp = read<icmphdr>(ip.payload);
  if (!icmp || (icmp->type != ICMP_ECHO && icmp->type != ICMP_ECHOREPLY)) return std::nullopt;
  key.source_port = ntohs(icmp->un.echo.id);
  return key;
}

}  // namespace

uint64_t hash_of(const FlowKey& flow) {
  const uint64_t addresses = uint64_t{flow.source.bits} << 32U | flow.destination.bits;
  const uint64_t rest =
      uint64_t{flow.protocol} << 32U | uint64_t{flow.source_port} << 16U | flow.destination_port;
  return scattered(folded(addresses) ^ rest);
}

std::optional<FlowKey> flow_of(std::span<const uint8_t> ip) {
  const auto packet = ip_of(ip);
  return packet ? flow_of(*packet) : std::nullopt;
}

bool may_begin_flow(std::span<const uint8_t> ip) {
  const auto packet = ip_of(ip);
  if (!packet || packet->is_fragment() || packet->header.ttl <= 1) return false;
  switch (packet->header.protocol) {
    case IPPROTO_TCP: {
      const auto tcp = read<tcphdr>(packet->payload);
      return tcp && (tcp->th_flags & (TH_SYN | TH_ACK | TH_RST | TH_FIN)) == TH_SYN;
    }
    case IPPROTO_UDP: return packet->payload.size() >= sizeof(udphdr);
    case IPPROTO_ICMP: {
      const auto icmp = read<icmphdr>(packet->payload);
      return icmp && icmp->type == ICMP_ECHO;
    }
    default: return false;
  }
}

PacketFacts facts_of(std::span<const uint8_t> ip) {
  constexpr size_t kMost = std::numeric_limits<uint16_t>::max();
  PacketFacts facts{.length = static_cast<uint16_t>(std::min(ip.size(), kMost))};
  const auto packet = ip_of(ip);
  if (!packet) return facts;
  const auto flow = flow_of(*packet);
  facts.flow = flow.value_or(packet->portless_key());
  const auto tcp = read<tcphdr>(packet->payload);
  if (flow && flow->protocol == IPPROTO_TCP && tcp) {
    facts.tcp_flags = tcp->th_flags;
    facts.sequence = ntohl(tcp->th_seq);
  }
  return facts;
}

}  // namespace egress::wire
