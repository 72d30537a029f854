// SPDX-License-Identifier: MIT
#include "kernel/conntrack/codec.hpp"

#include <arpa/inet.h>
#include <libnetfilter_conntrack/libnetfilter_conntrack.h>
#include <libnetfilter_conntrack/libnetfilter_conntrack_tcp.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <netinet/in.h>

#include <memory>

#include "base/result.hpp"

namespace egress::kernel {
namespace {

using state::TrackedFlow;

constexpr size_t kRoom = 512;

struct Destroy {
  void operator()(nf_conntrack* entry) const { nfct_destroy(entry); }
};
using Entry = std::unique_ptr<nf_conntrack, Destroy>;

Entry make_entry() {
  Entry entry(nfct_new());
  EG_CHECK(entry != nullptr, "memory for an entry of connection tracking");
  return entry;
}

NlMessage message_of(int what, int flags) {
  nfgenmsg header{};
  header.nfgen_family = AF_INET;
  header.version = NFNETLINK_V0;
  return NlMessage((NFNL_SUBSYS_CTNETLINK << 8) | what, flags, header, kRoom);
}

// What the kernel finds an entry by.
Entry key_of(const TrackedFlow& flow) {
  Entry entry = make_entry();
  nfct_set_attr_u8(entry.get(), ATTR_ORIG_L3PROTO, AF_INET);
  nfct_set_attr_u32(entry.get(), ATTR_ORIG_IPV4_SRC, htonl(flow.source.bits));
  nfct_set_attr_u32(entry.get(), ATTR_ORIG_IPV4_DST, htonl(flow.destination.bits));
  nfct_set_attr_u8(entry.get(), ATTR_ORIG_L4PROTO, flow.protocol);
  if (flow.protocol == IPPROTO_ICMP) {
    nfct_set_attr_u16(entry.get(), ATTR_ICMP_ID, htons(flow.source_port));
    nfct_set_attr_u8(entry.get(), ATTR_ICMP_TYPE, static_cast<uint8_t>(flow.destination_port >> 8));
    nfct_set_attr_u8(entry.get(), ATTR_ICMP_CODE, static_cast<uint8_t>(flow.destination_port));
  } else {
    nfct_set_attr_u16(entry.get(), ATTR_ORIG_PORT_SRC, htons(flow.source_port));
    nfct_set_attr_u16(entry.get(), ATTR_ORIG_PORT_DST, htons(flow.destination_port));
  }
  if (flow.zone != 0) nfct_set_attr_u16(entry.get(), ATTR_ZONE, flow.zone);
  if (flow.original_zone != 0) {
    nfct_set_attr_u16(entry.get(), ATTR_ORIG_ZONE, flow.original_zone);
  }
  return entry;
}

NlMessage message_of(int what, const Entry& entry) {
  NlMessage message = message_of(what, NLM_F_ACK);
  EG_CHECK(nfct_nlmsg_build(message.header(), entry.get()) == 0, "an entry that can be written");
  return message;
}

}  // namespace

NlMessage request_for_count() {
  return message_of(IPCTNL_MSG_CT_GET_STATS, 0);
}

uint32_t read_count(const nlmsghdr& message) {
  return NlAttributes<CTA_STATS_GLOBAL_MAX>(message, sizeof(nfgenmsg))
      .big_endian(CTA_STATS_GLOBAL_ENTRIES);
}

NlMessage request_for_flows() {
  return message_of(IPCTNL_MSG_CT_GET, 0);
}

NlMessage request_for(const TrackedFlow& flow) {
  return message_of(IPCTNL_MSG_CT_GET, key_of(flow));
}

bool is_of_ipv4(const nlmsghdr& message) {
  return static_cast<const nfgenmsg*>(NLMSG_DATA(&message))->nfgen_family == AF_INET;
}

TrackedFlow read_flow(const nlmsghdr& message) {
  const Entry entry = make_entry();
  (void)nfct_nlmsg_parse(&message, entry.get());  // what it does not have is zero
  const auto u8 = [&](nf_conntrack_attr what) { return nfct_get_attr_u8(entry.get(), what); };
  const auto u16 = [&](nf_conntrack_attr what) { return nfct_get_attr_u16(entry.get(), what); };
  const auto u32 = [&](nf_conntrack_attr what) { return nfct_get_attr_u32(entry.get(), what); };
  TrackedFlow flow{.protocol = u8(ATTR_ORIG_L4PROTO),
                   .source = {ntohl(u32(ATTR_ORIG_IPV4_SRC))},
                   .destination = {ntohl(u32(ATTR_ORIG_IPV4_DST))},
                   .source_port = ntohs(u16(ATTR_ORIG_PORT_SRC)),
                   .destination_port = ntohs(u16(ATTR_ORIG_PORT_DST)),
                   .reply_destination = {ntohl(u32(ATTR_REPL_IPV4_DST))},
                   .reply_destination_port = ntohs(u16(ATTR_REPL_PORT_DST)),
                   .reply_source = {ntohl(u32(ATTR_REPL_IPV4_SRC))},
                   .reply_source_port = ntohs(u16(ATTR_REPL_PORT_SRC)),
                   .zone = u16(ATTR_ZONE),
                   .original_zone = u16(ATTR_ORIG_ZONE),
                   .mark = u32(ATTR_MARK),
                   .timeout_seconds = u32(ATTR_TIMEOUT)};
  if (flow.protocol == IPPROTO_TCP) {
    const uint8_t at = u8(ATTR_TCP_STATE);
    flow.closed = at >= TCP_CONNTRACK_FIN_WAIT && at <= TCP_CONNTRACK_CLOSE;
  }
  if (flow.protocol == IPPROTO_ICMP) {
    flow.source_port = ntohs(u16(ATTR_ICMP_ID));
    flow.destination_port = static_cast<uint16_t>(u8(ATTR_ICMP_TYPE) << 8U | u8(ATTR_ICMP_CODE));
  }
  return flow;
}

NlMessage removal_of(const TrackedFlow& flow) {
  return message_of(IPCTNL_MSG_CT_DELETE, key_of(flow));
}

NlMessage timeout_of(const TrackedFlow& flow) {
  const Entry entry = key_of(flow);
  nfct_set_attr_u32(entry.get(), ATTR_TIMEOUT, flow.timeout_seconds);
  return message_of(IPCTNL_MSG_CT_NEW, entry);
}

NlMessage mark_of(const TrackedFlow& flow) {
  const Entry entry = key_of(flow);
  nfct_set_attr_u32(entry.get(), ATTR_MARK, flow.mark);
  return message_of(IPCTNL_MSG_CT_NEW, entry);
}

}  // namespace egress::kernel
