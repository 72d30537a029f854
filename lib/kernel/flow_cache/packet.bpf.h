// SPDX-License-Identifier: MIT OR GPL-2.0-only
#pragma once

// A packet as programs at ports see it: what is read of it, and what is written over it.

// In this order, as libbpf's headers need types that they do not include.
// clang-format off
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/pkt_cls.h>
#include <linux/tcp.h>
#include <linux/udp.h>

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
// clang-format on

#define ALWAYS_INLINE static inline __attribute__((always_inline))

enum { kPacketHost = 0 };  // include/uapi/linux/if_packet.h
enum { kFin = 1, kSyn = 2, kReset = 4, kAck = 16 };

struct tuple {
  __be32 source;
  __be32 destination;
  __be16 source_port;
  __be16 destination_port;
};
struct outcome {
  struct tuple tuple;
  __u32 port;
  __u8 ethernet[2 * ETH_ALEN];  // destination and source
};
struct packet {
  struct tuple tuple;
  __u32 protocol;
  __u32 length;  // of the longest packet that it is on a wire
  __u8 ttl;
  __u8 flags;  // of TCP
};

ALWAYS_INLINE int read_packet(struct __sk_buff* skb, struct packet* packet) {
  const void* const end = (void*)(long)skb->data_end;
  const struct ethhdr* const ethernet = (void*)(long)skb->data;
  const struct iphdr* const ip = (void*)(ethernet + 1);
  const struct udphdr* const udp = (void*)(ip + 1);
  if ((void*)(udp + 1) > end || ethernet->h_proto != bpf_htons(ETH_P_IP)) return 0;
  const int has_options = *(const __u8*)ip != 0x45;
  const int is_fragment = ip->frag_off & bpf_htons(0x3fff);
  if (has_options || is_fragment) return 0;
  packet->protocol = ip->protocol;
  packet->ttl = ip->ttl;
  packet->flags = 0;
  packet->tuple.source = ip->saddr;
  packet->tuple.destination = ip->daddr;
  packet->tuple.source_port = udp->source;
  packet->tuple.destination_port = udp->dest;
  __u32 headers = sizeof(*ip) + sizeof(*udp);
  if (ip->protocol != IPPROTO_UDP) {
    const struct tcphdr* const tcp = (const void*)udp;
    if (ip->protocol != IPPROTO_TCP || (void*)(tcp + 1) > end) return 0;
    packet->flags = ((const __u8*)tcp)[13];
    headers = sizeof(*ip) + tcp->doff * 4;
  }
  packet->length = skb->gso_size ? headers + skb->gso_size : bpf_ntohs(ip->tot_len);
  return 1;
}

// Of a checksum that is the pseudo header's alone, for the link to complete, addresses count alone.
ALWAYS_INLINE int translate(struct __sk_buff* skb, __u32 protocol, const struct tuple* from,
                            const struct tuple* to) {
  const __u32 at =
      ETH_HLEN + sizeof(struct iphdr) +
      (protocol == IPPROTO_TCP ? offsetof(struct tcphdr, check) : offsetof(struct udphdr, check));
  const __u64 none_stays = protocol == IPPROTO_UDP ? BPF_F_MARK_MANGLED_0 : 0;
  const __u64 address = BPF_F_PSEUDO_HDR | none_stays | sizeof(__be32);
  const __u64 port = none_stays | sizeof(__be16);
  long failed = 0;
  if (from->source != to->source) {
    failed |= bpf_l4_csum_replace(skb, at, from->source, to->source, address);
  }
  if (from->destination != to->destination) {
    failed |= bpf_l4_csum_replace(skb, at, from->destination, to->destination, address);
  }
  if (from->source_port != to->source_port) {
    failed |= bpf_l4_csum_replace(skb, at, from->source_port, to->source_port, port);
  }
  if (from->destination_port != to->destination_port) {
    failed |= bpf_l4_csum_replace(skb, at, from->destination_port, to->destination_port, port);
  }
  return !failed;
}

// RFC 1624, two words at a time.
ALWAYS_INLINE __u32 replaced(__u32 sum, __be32 from, __be32 to) {
  sum += (~from & 0xffff) + (~from >> 16);
  return sum + (to & 0xffff) + (to >> 16);
}

ALWAYS_INLINE int send_on(struct __sk_buff* skb, const struct packet* packet,
                          const struct outcome* outcome) {
  // What could not be written whole is lost, as a packet may be.
  if (!translate(skb, packet->protocol, &packet->tuple, &outcome->tuple)) return TC_ACT_SHOT;
  struct ethhdr* const ethernet = (void*)(long)skb->data;
  struct iphdr* const ip = (void*)(ethernet + 1);
  struct udphdr* const udp = (void*)(ip + 1);
  if ((void*)(udp + 1) > (void*)(long)skb->data_end) return TC_ACT_SHOT;
  __builtin_memcpy(ethernet, outcome->ethernet, sizeof(outcome->ethernet));
  __u32 sum = (__u16)~ip->check;
  sum = replaced(sum, ip->saddr, outcome->tuple.source);
  sum = replaced(sum, ip->daddr, outcome->tuple.destination);
  sum = replaced(sum, bpf_htons(0x100), 0);
  sum = (sum & 0xffff) + (sum >> 16);
  sum = (sum & 0xffff) + (sum >> 16);
  ip->check = (__u16)~sum;
  ip->saddr = outcome->tuple.source;
  ip->daddr = outcome->tuple.destination;
  ip->ttl -= 1;
  udp->source = outcome->tuple.source_port;
  udp->dest = outcome->tuple.destination_port;
  return bpf_redirect_peer(outcome->port, 0);
}
