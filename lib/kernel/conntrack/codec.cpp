// SPDX-License-Identifier: MIT
#include "kernel/conntrack/codec.hpp"

#include <arpa/inet.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <netinet/in.h>

namespace egress::kernel {
namespace {

using state::TrackedFlow;

constexpr size_t kRoom = 256;

NlMessage message_of(int what, int flags) {
  nfgenmsg header{};
  header.nfgen_family = AF_INET;
  header.version = NFNETLINK_V0;
  return NlMessage((NFNL_SUBSYS_CTNETLINK << 8) | what, flags, header, kRoom);
}

void put_u16(NlMessage& message, int attribute, uint16_t value) {
  const uint16_t on_wire = htons(value);
  message.put(attribute, &on_wire, sizeof(on_wire));
}

void put_protocol(NlMessage& message, const TrackedFlow& flow) {
  message.put_u8(CTA_PROTO_NUM, flow.protocol);
  if (flow.protocol == IPPROTO_ICMP) {
    put_u16(message, CTA_PROTO_ICMP_ID, flow.source_port);
    message.put_u8(CTA_PROTO_ICMP_TYPE, static_cast<uint8_t>(flow.destination_port >> 8U));
    message.put_u8(CTA_PROTO_ICMP_CODE, static_cast<uint8_t>(flow.destination_port & 0xffU));
  } else {
    put_u16(message, CTA_PROTO_SRC_PORT, flow.source_port);
    put_u16(message, CTA_PROTO_DST_PORT, flow.destination_port);
  }
}

// What the kernel finds an entry by.
void put_key(NlMessage& message, const TrackedFlow& flow) {
  nlattr* tuple = message.open_nest(CTA_TUPLE_ORIG);
  nlattr* addresses = message.open_nest(CTA_TUPLE_IP);
  message.put_address(CTA_IP_V4_SRC, flow.source);
  message.put_address(CTA_IP_V4_DST, flow.destination);
  message.close_nest(addresses);
  nlattr* protocol = message.open_nest(CTA_TUPLE_PROTO);
  put_protocol(message, flow);
  message.close_nest(protocol);
  message.close_nest(tuple);
  if (flow.zone != 0) put_u16(message, CTA_ZONE, flow.zone);
}

uint8_t u8_of(nlattr* attribute) {
  return attribute == nullptr ? uint8_t{0} : nla_get_u8(attribute);
}

uint16_t u16_of(nlattr* attribute) {
  return attribute == nullptr ? uint16_t{0} : ntohs(nla_get_u16(attribute));
}

void read_protocol(nlattr* nest, TrackedFlow& flow) {
  const NlAttributes<CTA_PROTO_MAX> protocol(nest);
  flow.protocol = u8_of(protocol[CTA_PROTO_NUM]);
  if (flow.protocol == IPPROTO_ICMP) {
    flow.source_port = u16_of(protocol[CTA_PROTO_ICMP_ID]);
    flow.destination_port = static_cast<uint16_t>(u8_of(protocol[CTA_PROTO_ICMP_TYPE]) << 8U |
                                                  u8_of(protocol[CTA_PROTO_ICMP_CODE]));
  } else {
    flow.source_port = u16_of(protocol[CTA_PROTO_SRC_PORT]);
    flow.destination_port = u16_of(protocol[CTA_PROTO_DST_PORT]);
  }
}

void read_key(nlattr* nest, TrackedFlow& flow) {
  const NlAttributes<CTA_TUPLE_MAX> tuple(nest);
  if (tuple.has(CTA_TUPLE_IP)) {
    const NlAttributes<CTA_IP_MAX> addresses(tuple[CTA_TUPLE_IP]);
    flow.source = addresses.address(CTA_IP_V4_SRC);
    flow.destination = addresses.address(CTA_IP_V4_DST);
  }
  if (tuple.has(CTA_TUPLE_PROTO)) read_protocol(tuple[CTA_TUPLE_PROTO], flow);
}

}  // namespace

NlMessage request_for_flows() {
  return message_of(IPCTNL_MSG_CT_GET, 0);
}

TrackedFlow read_flow(const nlmsghdr& message) {
  const NlAttributes<CTA_MAX> all(message, sizeof(nfgenmsg));
  TrackedFlow flow;
  if (all.has(CTA_TUPLE_ORIG)) read_key(all[CTA_TUPLE_ORIG], flow);
  TrackedFlow reply;
  if (all.has(CTA_TUPLE_REPLY)) read_key(all[CTA_TUPLE_REPLY], reply);
  flow.reply_destination = reply.destination;
  flow.zone = u16_of(all[CTA_ZONE]);
  flow.timeout_seconds = all.big_endian(CTA_TIMEOUT);
  return flow;
}

NlMessage removal_of(const TrackedFlow& flow) {
  NlMessage message = message_of(IPCTNL_MSG_CT_DELETE, NLM_F_ACK);
  put_key(message, flow);
  return message;
}

NlMessage timeout_of(const TrackedFlow& flow) {
  NlMessage message = message_of(IPCTNL_MSG_CT_NEW, NLM_F_ACK);
  put_key(message, flow);
  message.put_u32(CTA_TIMEOUT, htonl(flow.timeout_seconds));
  return message;
}

}  // namespace egress::kernel
