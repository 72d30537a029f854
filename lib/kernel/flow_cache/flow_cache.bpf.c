// SPDX-License-Identifier: MIT OR GPL-2.0-only
//
// What the kernel has made of a flow's packets, remembered at the ports of routers for those that
// follow. `egressd_fast` is at the ingress of every port: a packet of a flow that it knows becomes
// what the one before it has become (addresses, ports, MACs, a lower time to live), and is handed
// to the other end of the link by which that one left. Any other goes the ordinary way, and where
// it leaves, `egressd_learn`, at the egress of that port, notes what has become of it. Neither
// knows a rule, a route or a translation: what passes here has passed there within a second, and
// since the lab was last changed.

#include "table.bpf.h"

// What filters are given as their class: at the ingress the number of their namespace, at the
// egress one of these.
enum { kTrackedAlone = 1, kAll = 2 };

// Parts of the kernel's own structures, found by their names wherever they stand.
struct net_device {
  const __u8* dev_addr;
} __attribute__((preserve_access_index));
struct sk_buff___routed {
  struct net_device* dev;
  unsigned long _skb_refdst;
  unsigned long _nfct;
} __attribute__((preserve_access_index));
struct dst_entry {
  unsigned long _metrics;
} __attribute__((preserve_access_index));
struct ip_ct_tcp {
  __u8 state;
} __attribute__((preserve_access_index));
union nf_conntrack_proto {
  struct ip_ct_tcp tcp;
} __attribute__((preserve_access_index));
struct nf_conn {
  unsigned long status;
  union nf_conntrack_proto proto;
} __attribute__((preserve_access_index));

// include/linux/skbuff.h, include/net/dst.h, include/uapi/linux/rtnetlink.h
enum { kNotCounted = 1, kFlagsOfMetrics = 3, kMtu = 2 - 1 };
// include/uapi/linux/netfilter/nf_conntrack_common.h, nf_conntrack_tcp.h
enum { kConfirmed = 1 << 3, kDying = 1 << 9, kInfoMask = 7 };
enum { kSynReceived = 2, kEstablished = 3 };

enum kind { kNothing, kLearn, kLearnAnswer, kForget };

// The packet that this processor takes from one port to another.
struct under_way {
  __u64 fast;  // first, for who counts: packets that have not gone the ordinary way
  __u64 skb;
  __u32 kind;
  __u32 generation;  // from before the ordinary way
  struct key key;
  __u32 hash;
};

struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, struct under_way);
} egressd_cpu SEC(".maps");

// Odd while something is being changed: all goes the ordinary way then, and nothing is learned.
volatile __u32 generation = 1;

ALWAYS_INLINE struct under_way* on_this_cpu(void) {
  const __u32 index = 0;
  return bpf_map_lookup_elem(&egressd_cpu, &index);
}

// What is to be done once it has gone its ordinary way. A flow's first packet opens nothing; its
// end is the ordinary way's to see, and so is what is sent behind that. Answers are known from
// SYN+ACK on, so that the first of them is spared the way; no flow is by what may be its only
// datagram, as to learn costs as much as is won with the next.
ALWAYS_INLINE enum kind kind_of(const struct packet* packet, int seen_before) {
  if (packet->flags & kSyn) return packet->flags & kAck ? kLearnAnswer : kNothing;
  if (packet->flags & kReset) return kForget;
  if (packet->flags & kFin) return kNothing;
  return seen_before || packet->protocol == IPPROTO_TCP ? kLearn : kNothing;
}

SEC("tc")
int egressd_fast(struct __sk_buff* skb) {
  struct under_way* const cpu = on_this_cpu();
  if (!cpu) return TC_ACT_UNSPEC;
  cpu->skb = 0;
  const __u32 now_valid = generation;
  struct packet packet;
  if ((now_valid & 1) || skb->pkt_type != kPacketHost || skb->vlan_present) return TC_ACT_UNSPEC;
  if (!read_packet(skb, &packet) || packet.ttl <= 1) return TC_ACT_UNSPEC;
  if ((packet.flags & (kSyn | kAck)) == kSyn) return TC_ACT_UNSPEC;
  const struct key key = {.tuple = packet.tuple,
                          .netns = skb->tc_classid,
                          .port = skb->ifindex,
                          .protocol = packet.protocol};
  const __u32 hash = hash_of(&key);
  int seen_before = 0;
  if (packet.flags & (kFin | kReset)) {
    forget(&key, hash, now_valid);
  } else {
    seen_before = see(hash);
  }
  if (seen_before && !(packet.flags & (kSyn | kFin | kReset))) {
    struct outcome outcome;
    if (find(&key, hash, packet.length, now_valid, &outcome)) {
      ++cpu->fast;
      return send_on(skb, &packet, &outcome);
    }
  }
  cpu->kind = kind_of(&packet, seen_before);
  if (cpu->kind == kNothing) return TC_ACT_UNSPEC;
  cpu->generation = now_valid;
  cpu->key = key;
  cpu->hash = hash;
  cpu->skb = (unsigned long)skb;
  return TC_ACT_UNSPEC;
}

// Whether connection tracking, where there is one, has the packet's flow: as one that both sides
// have agreed on or, of datagrams, at all.
ALWAYS_INLINE int is_to_be_learned(const struct under_way* cpu, int all) {
  const struct sk_buff___routed* const skb = (void*)(unsigned long)cpu->skb;
  unsigned long tracked = 0;
  if (bpf_core_read(&tracked, sizeof(tracked), &skb->_nfct) != 0) return 0;
  const struct nf_conn* const entry = (void*)(tracked & ~(unsigned long)kInfoMask);
  if (!entry) return all;
  unsigned long status = 0;
  if (bpf_core_read(&status, sizeof(status), &entry->status) != 0) return 0;
  if ((status & (kConfirmed | kDying)) != kConfirmed) return 0;
  if (cpu->key.protocol == IPPROTO_UDP) return 1;
  __u8 state = 0;
  if (bpf_core_read(&state, sizeof(state), &entry->proto.tcp.state) != 0) return 0;
  return state == (cpu->kind == kLearnAnswer ? kSynReceived : kEstablished);
}

// What the route by which the packet has come here says of the way beyond; 0: nothing.
ALWAYS_INLINE __u32 mtu_of_route(const struct under_way* cpu) {
  const struct sk_buff___routed* const skb = (void*)(unsigned long)cpu->skb;
  unsigned long route = 0;
  unsigned long metrics = 0;
  __u32 mtu = 0;
  if (bpf_core_read(&route, sizeof(route), &skb->_skb_refdst) != 0) return 0;
  const struct dst_entry* const entry = (void*)(route & ~(unsigned long)kNotCounted);
  if (!entry || bpf_core_read(&metrics, sizeof(metrics), &entry->_metrics) != 0) return 0;
  const __u32* const values = (void*)(metrics & ~(unsigned long)kFlagsOfMetrics);
  return bpf_probe_read_kernel(&mtu, sizeof(mtu), &values[kMtu]) == 0 ? mtu : 0;
}

// Whether the other end of the link takes it for its own. No link looks at what comes the fast way.
ALWAYS_INLINE int is_for_the_other_end(const struct under_way* cpu, const __u8* destination) {
  const struct sk_buff___routed* const skb = (void*)(unsigned long)cpu->skb;
  const unsigned long aligned = 32;  // include/linux/netdevice.h
  const unsigned long size =
      (bpf_core_type_size(struct net_device) + aligned - 1) & ~(aligned - 1);
  const char* dev = 0;
  const struct net_device* other = 0;  // what drivers/net/veth.c has there first
  const __u8* address = 0;
  __u8 octets[ETH_ALEN] = {};
  if (bpf_core_read(&dev, sizeof(dev), &skb->dev) != 0) return 0;
  if (bpf_probe_read_kernel(&other, sizeof(other), dev + size) != 0) return 0;
  if (bpf_core_read(&address, sizeof(address), &other->dev_addr) != 0) return 0;
  if (bpf_probe_read_kernel(octets, sizeof(octets), address) != 0) return 0;
  int same = 1;
#pragma unroll
  for (int i = 0; i < ETH_ALEN; ++i) same &= octets[i] == destination[i];
  return same;
}

// The other direction's, too, which is known by what has become of this one.
ALWAYS_INLINE void forget_answers(struct __sk_buff* skb, const struct under_way* cpu,
                                  const struct packet* packet) {
  const struct key answers = {.tuple = {.source = packet->tuple.destination,
                                        .destination = packet->tuple.source,
                                        .source_port = packet->tuple.destination_port,
                                        .destination_port = packet->tuple.source_port},
                              .netns = cpu->key.netns,
                              .port = skb->ifindex,
                              .protocol = packet->protocol};
  forget(&answers, hash_of(&answers), cpu->generation);
}

SEC("tc")
int egressd_learn(struct __sk_buff* skb) {
  struct under_way* const cpu = on_this_cpu();
  if (!cpu || cpu->skb != (unsigned long)skb) return TC_ACT_UNSPEC;
  struct packet packet;
  if (skb->ingress_ifindex != cpu->key.port || !read_packet(skb, &packet) ||
      packet.protocol != cpu->key.protocol) {
    goto done;
  }
  if (cpu->kind == kForget) {
    forget_answers(skb, cpu, &packet);
    goto done;
  }
  __u32 longest = 0;  // in: of this link
  if (!is_to_be_learned(cpu, skb->tc_classid == kAll)) goto done;
  if (bpf_check_mtu(skb, 0, &longest, 0, 0) < 0) goto done;
  const __u32 of_route = mtu_of_route(cpu);
  if (of_route && of_route < longest) longest = of_route;
  const struct ethhdr* const ethernet = (void*)(long)skb->data;
  if ((void*)(ethernet + 1) > (void*)(long)skb->data_end) goto done;
  struct outcome outcome = {.tuple = packet.tuple, .port = skb->ifindex};
  __builtin_memcpy(outcome.ethernet, ethernet, sizeof(outcome.ethernet));
  if (!is_for_the_other_end(cpu, outcome.ethernet)) goto done;
  note(&cpu->key, cpu->hash, cpu->generation, longest, &outcome);
done:
  cpu->skb = 0;
  return TC_ACT_UNSPEC;
}

// To programs under another license the kernel does not give bpf_probe_read_kernel().
char LICENSE[] SEC("license") = "Dual MIT/GPL";
