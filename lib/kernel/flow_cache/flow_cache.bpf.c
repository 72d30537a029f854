// SPDX-License-Identifier: MIT OR GPL-2.0-only
//
// What the kernel has made of a flow's packets, remembered at the ports of routers for those that
// follow. `egressd_fast` is at the ingress of every port: a packet of a flow that it knows becomes
// what the one before it has become (addresses, ports, MACs, a lower time to live), and is handed
// to the other end of the link by which that one left. Any other goes the ordinary way, and where
// it leaves, `egressd_learn`, at the egress of that port, notes what has become of it. Neither
// knows a rule, a route or a translation: what passes here has passed there within a second, and
// since the lab was last changed.

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

enum {
  kBuckets = 4096,
  kWays = 4,
  kTickShift = 20,        // a tick is 2^20 ns
  kTicksOfASecond = 954,  // then the ordinary way is asked again
};
enum { kPacketHost = 0 };  // include/uapi/linux/if_packet.h
enum { kFin = 1, kSyn = 2, kReset = 4, kAck = 16 };

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

struct tuple {
  __be32 source;
  __be32 destination;
  __be16 source_port;
  __be16 destination_port;
};
struct key {  // three words, compared as such
  struct tuple tuple;
  __u32 netns;
  __u32 port;  // the interface's index there
  __u32 protocol;
};
struct outcome {
  struct tuple tuple;
  __u32 port;
  __u8 ethernet[2 * ETH_ALEN];  // destination and source
};

// The first line of a bucket says whether it has a flow, and what may be replaced.
struct tag {
  __u32 hash;
  __u32 generation;  // 0: free
  __u32 learned_at;  // in ticks
};
struct flow {
  struct key key;
  struct outcome outcome;
  __u32 longest;  // bytes that go by in one piece
};
struct bucket {
  struct bpf_spin_lock lock;
  __u32 seen;  // the hash of a flow that has sent a datagram, which may have been its only one
  struct tag tags[kWays];
  __u64 rest_of_the_line;
  struct flow flows[kWays];
};

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

struct packet {
  struct tuple tuple;
  __u32 protocol;
  __u32 length;  // of the longest packet that it is on a wire
  __u8 ttl;
  __u8 flags;  // of TCP
};

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, kBuckets);
  __type(key, __u32);
  __type(value, struct bucket);
} egressd_flows SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, struct under_way);
} egressd_cpu SEC(".maps");

// Odd while something is being changed: all goes the ordinary way then, and nothing is learned.
volatile __u32 generation = 1;

ALWAYS_INLINE __u32 ticks(void) {
  return (__u32)(bpf_ktime_get_coarse_ns() >> kTickShift);
}

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

ALWAYS_INLINE __u32 hash_of(const struct key* key) {
  const __u64* const words = (const __u64*)key;
  __u64 hash = words[0] * 0x9e3779b97f4a7c15ULL;
  hash = (hash ^ (hash >> 32) ^ words[1]) * 0xbf58476d1ce4e5b9ULL;
  hash = (hash ^ (hash >> 32) ^ words[2]) * 0x94d049bb133111ebULL;
  return (__u32)(hash >> 32);
}

ALWAYS_INLINE int is_same(const struct key* a, const struct key* b) {
  const __u64* const one = (const __u64*)a;
  const __u64* const other = (const __u64*)b;
  return one[0] == other[0] && one[1] == other[1] && one[2] == other[2];
}

ALWAYS_INLINE struct bucket* bucket_of(__u32 hash) {
  const __u32 index = hash % kBuckets;
  return bpf_map_lookup_elem(&egressd_flows, &index);
}

ALWAYS_INLINE struct under_way* on_this_cpu(void) {
  const __u32 index = 0;
  return bpf_map_lookup_elem(&egressd_cpu, &index);
}

// Which of a bucket's flows has this hash; none at kWays. Without the lock, so that what is not
// there takes none: who has it looks again.
ALWAYS_INLINE __u32 way_of(const struct bucket* bucket, __u32 hash, __u32 now_valid) {
  __u32 at = kWays;
#pragma unroll
  for (__u32 i = 0; i < kWays; ++i) {
    if (bucket->tags[i].hash == hash && bucket->tags[i].generation == now_valid) at = i;
  }
  return at;
}

ALWAYS_INLINE void forget(const struct key* key, __u32 hash, __u32 now_valid) {
  struct bucket* const bucket = bucket_of(hash);
  if (!bucket) return;
  const __u32 at = way_of(bucket, hash, now_valid);
  if (at >= kWays) return;
  bpf_spin_lock(&bucket->lock);
  if (is_same(&bucket->flows[at].key, key)) bucket->tags[at].generation = 0;
  bpf_spin_unlock(&bucket->lock);
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

struct found {
  struct outcome outcome;
  int known;
  int usable;
};

ALWAYS_INLINE struct found find(struct bucket* bucket, const struct key* key, __u32 hash,
                                __u32 length, __u32 now_valid) {
  struct found found = {};
  const __u32 at = way_of(bucket, hash, now_valid);
  if (at >= kWays) return found;
  const __u32 now = ticks();
  const struct tag* const tag = &bucket->tags[at];
  const struct flow* const flow = &bucket->flows[at];
  bpf_spin_lock(&bucket->lock);
  found.known = tag->generation == now_valid && is_same(&flow->key, key);
  found.usable = found.known && length <= flow->longest && now - tag->learned_at < kTicksOfASecond;
  found.outcome = flow->outcome;
  bpf_spin_unlock(&bucket->lock);
  return found;
}

// What is to be done once it has gone its ordinary way. A flow's first packet opens nothing; its
// end is the ordinary way's to see, and so is what is sent behind that. Answers are known from
// SYN+ACK on, so that the first of them is spared the way; no flow is by what may be its only
// datagram, as to learn costs as much as is won with the next.
ALWAYS_INLINE enum kind kind_of(struct bucket* bucket, const struct packet* packet, __u32 hash,
                                int known) {
  if (packet->flags & kSyn) return packet->flags & kAck ? kLearnAnswer : kNothing;
  if (packet->flags & kReset) return kForget;
  if (packet->flags & kFin) return kNothing;
  if (known || packet->protocol == IPPROTO_TCP || bucket->seen == hash) return kLearn;
  bucket->seen = hash;
  return kNothing;
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
  struct bucket* const bucket = bucket_of(hash);
  if (!bucket) return TC_ACT_UNSPEC;
  int known = 0;
  if (packet.flags & (kFin | kReset)) {
    forget(&key, hash, now_valid);
  } else if (!(packet.flags & kSyn)) {
    const struct found found = find(bucket, &key, hash, packet.length, now_valid);
    known = found.known;
    if (found.usable) {
      ++cpu->fast;
      return send_on(skb, &packet, &found.outcome);
    }
  }
  cpu->kind = kind_of(bucket, &packet, hash, known);
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

// In place of an older outcome of the flow's, or of what nobody could use any more; of no other.
ALWAYS_INLINE void note(struct bucket* bucket, const struct under_way* cpu, __u32 longest,
                        const struct outcome* outcome) {
  const __u32 now = ticks();
  struct tag* tag = 0;
  struct flow* flow = 0;
  int is_its_own = 0;
  bpf_spin_lock(&bucket->lock);
#pragma unroll
  for (int i = 0; i < kWays; ++i) {
    struct tag* const other = &bucket->tags[i];
    const int current = other->generation == cpu->generation;
    const int same =
        current && other->hash == cpu->hash && is_same(&bucket->flows[i].key, &cpu->key);
    const int stale = !current || now - other->learned_at >= kTicksOfASecond;
    if (is_its_own || !(same || (stale && !tag))) continue;
    tag = other;
    flow = &bucket->flows[i];
    is_its_own = same;
  }
  if (tag) {
    flow->key = cpu->key;
    flow->outcome = *outcome;
    flow->longest = longest;
    tag->hash = cpu->hash;
    tag->generation = cpu->generation;
    tag->learned_at = now;
  }
  bpf_spin_unlock(&bucket->lock);
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
  struct bucket* const bucket = bucket_of(cpu->hash);
  const struct ethhdr* const ethernet = (void*)(long)skb->data;
  if (!bucket || (void*)(ethernet + 1) > (void*)(long)skb->data_end) goto done;
  struct outcome outcome = {.tuple = packet.tuple, .port = skb->ifindex};
  __builtin_memcpy(outcome.ethernet, ethernet, sizeof(outcome.ethernet));
  if (!is_for_the_other_end(cpu, outcome.ethernet)) goto done;
  note(bucket, cpu, longest, &outcome);
done:
  cpu->skb = 0;
  return TC_ACT_UNSPEC;
}

// To programs under another license the kernel does not give bpf_probe_read_kernel().
char LICENSE[] SEC("license") = "Dual MIT/GPL";
