// SPDX-License-Identifier: MIT
#include "kernel/drop_log/codec.hpp"

#include <arpa/inet.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_log.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/ip_icmp.h>
#include <netinet/udp.h>

#include <cstring>
#include <span>

namespace egress::kernel {
namespace {

// The longest IP header and what is read behind it, with the attribute's own header.
constexpr uint32_t kCopiedBytes = 60 + sizeof(udphdr) + NLA_HDRLEN;
static_assert(sizeof(udphdr) == sizeof(icmphdr));
constexpr uint32_t kAtOnce = 1;
constexpr uint32_t kHundredthsOfASecond = 10;  // at most, should several wait

NlMessage setting_of(uint16_t group) {
  nfgenmsg header{};
  header.nfgen_family = AF_INET;
  header.version = NFNETLINK_V0;
  header.res_id = htons(group);
  return NlMessage((NFNL_SUBSYS_ULOG << 8) | NFULNL_MSG_CONFIG, 0, header);
}

// Nothing when they end before.
template <typename Header>
std::optional<Header> header_at(std::span<const uint8_t> bytes, size_t place) {
  Header header{};
  if (bytes.size() < place + sizeof(header)) return std::nullopt;
  std::memcpy(&header, bytes.data() + place, sizeof(header));
  return header;
}

// `bytes` are from the IP header on, and may end anywhere.
std::optional<state::DroppedPacket> read_packet(std::span<const uint8_t> bytes) {
  const auto ip = header_at<iphdr>(bytes, 0);
  if (!ip || ip->version != 4) return std::nullopt;
  state::DroppedPacket packet{
      .protocol = ip->protocol, .source = {ntohl(ip->saddr)}, .destination = {ntohl(ip->daddr)}};
  if ((ntohs(ip->frag_off) & IP_OFFMASK) != 0) return packet;
  const size_t behind = size_t{ip->ihl} * 4;
  if (ip->protocol == IPPROTO_ICMP) {
    if (const auto icmp = header_at<icmphdr>(bytes, behind)) {
      packet.source_port = ntohs(icmp->un.echo.id);
      packet.destination_port = static_cast<uint16_t>(icmp->type << 8U | icmp->code);
    }
  } else if (ip->protocol == IPPROTO_TCP || ip->protocol == IPPROTO_UDP) {
    if (const auto ports = header_at<udphdr>(bytes, behind)) {  // which TCP has at the same place
      packet.source_port = ntohs(ports->source);
      packet.destination_port = ntohs(ports->dest);
    }
  }
  return packet;
}

}  // namespace

NlMessage bind_to_log(uint16_t group) {
  NlMessage message = setting_of(group);
  const nfulnl_msg_config_cmd command{.command = NFULNL_CFG_CMD_BIND};
  message.put(NFULA_CFG_CMD, &command, sizeof(command));
  return message;
}

NlMessage set_log_copy(uint16_t group) {
  NlMessage message = setting_of(group);
  nfulnl_msg_config_mode mode{};
  mode.copy_range = htonl(kCopiedBytes);
  mode.copy_mode = NFULNL_COPY_PACKET;
  message.put(NFULA_CFG_MODE, &mode, sizeof(mode));
  return message;
}

NlMessage set_log_at_once(uint16_t group) {
  NlMessage message = setting_of(group);
  message.put_u32(NFULA_CFG_QTHRESH, htonl(kAtOnce));
  message.put_u32(NFULA_CFG_TIMEOUT, htonl(kHundredthsOfASecond));
  return message;
}

std::optional<state::DroppedPacket> read_logged(const nlmsghdr& message) {
  if (message.nlmsg_type != ((NFNL_SUBSYS_ULOG << 8) | NFULNL_MSG_PACKET)) return std::nullopt;
  const NlAttributes<NFULA_MAX> attributes(message, sizeof(nfgenmsg));
  const nlattr* const payload = attributes[NFULA_PAYLOAD];
  if (payload == nullptr) return std::nullopt;
  auto packet = read_packet(
      {static_cast<const uint8_t*>(nla_data(payload)), static_cast<size_t>(nla_len(payload))});
  if (packet) packet->prefix = attributes.text(NFULA_PREFIX);
  return packet;
}

}  // namespace egress::kernel
