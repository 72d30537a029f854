// SPDX-License-Identifier: MIT
#include "kernel/drop_log/codec.hpp"

#include <arpa/inet.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_log.h>
#include <netinet/in.h>
#include <netinet/ip.h>

#include <cstring>
#include <span>

namespace egress::kernel {
namespace {

// The longest IP header and the ports behind it, with the attribute's own header.
constexpr uint32_t kCopiedBytes = 60 + 4 + 4;
constexpr uint32_t kAtOnce = 1;
constexpr uint32_t kHundredthsOfASecond = 10;  // at most, should several wait

NlMessage setting_of(uint16_t group) {
  nfgenmsg header{};
  header.nfgen_family = AF_INET;
  header.version = NFNETLINK_V0;
  header.res_id = htons(group);
  return NlMessage((NFNL_SUBSYS_ULOG << 8) | NFULNL_MSG_CONFIG, 0, header);
}

uint16_t big_endian_at(std::span<const uint8_t> bytes, size_t place) {
  return static_cast<uint16_t>(bytes[place] << 8U | bytes[place + 1]);
}

// `bytes` are from the IP header on, and may end anywhere.
std::optional<state::DroppedPacket> read_packet(std::span<const uint8_t> bytes) {
  iphdr ip{};
  if (bytes.size() < sizeof(ip)) return std::nullopt;
  std::memcpy(&ip, bytes.data(), sizeof(ip));
  if (ip.version != 4) return std::nullopt;
  state::DroppedPacket packet{
      .protocol = ip.protocol, .source = {ntohl(ip.saddr)}, .destination = {ntohl(ip.daddr)}};
  const size_t length = size_t{ip.ihl} * 4;
  const bool is_later_fragment = (ntohs(ip.frag_off) & IP_OFFMASK) != 0;
  if (is_later_fragment || bytes.size() < length) return packet;
  const std::span<const uint8_t> transport = bytes.subspan(length);
  if (ip.protocol == IPPROTO_ICMP) {
    constexpr size_t kIdentifier = 4;
    if (transport.size() >= kIdentifier) packet.destination_port = big_endian_at(transport, 0);
    if (transport.size() >= kIdentifier + 2) {
      packet.source_port = big_endian_at(transport, kIdentifier);
    }
  } else if ((ip.protocol == IPPROTO_TCP || ip.protocol == IPPROTO_UDP) && transport.size() >= 4) {
    packet.source_port = big_endian_at(transport, 0);
    packet.destination_port = big_endian_at(transport, 2);
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
