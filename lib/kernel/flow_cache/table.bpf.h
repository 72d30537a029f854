// SPDX-License-Identifier: MIT OR GPL-2.0-only
#pragma once

// Flows by what their packets are when they come. Most that are asked about are not there, as most
// are short: what says so is kept apart from the rest, and small enough to stay in a processor's
// cache.

#include "packet.bpf.h"

enum {
  kBuckets = 4096,
  kWays = 4,
  kTickShift = 20,        // a tick is 2^20 ns
  kTicksOfASecond = 954,  // then the ordinary way is asked again
};

struct key {  // three words, compared as such
  struct tuple tuple;
  __u32 netns;
  __u32 port;  // the interface's index there
  __u32 protocol;
};
// The last four flows of a bucket's that have not been seen before, sixteen bits of each hash.
typedef __u64 seen;
struct bucket {
  struct bpf_spin_lock lock;
  __u32 generation;         // of all that it has
  __u32 hashes[kWays];      // 0: free
  __u32 learned_at[kWays];  // in ticks
};
struct flow {
  struct key key;
  struct outcome outcome;
  __u32 longest;  // bytes that go by in one piece
  __u64 rest_of_the_line;
};
struct flows {
  struct flow ways[kWays];
};

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, kBuckets);
  __type(key, __u32);
  __type(value, struct bucket);
} egressd_buckets SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, kBuckets);
  __type(key, __u32);
  __type(value, seen);
} egressd_seen SEC(".maps");

// Of those that may be mapped the kernel lets the first begin with a page, so that a flow is a
// line.
struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(map_flags, BPF_F_MMAPABLE);
  __uint(max_entries, kBuckets);
  __type(key, __u32);
  __type(value, struct flows);
} egressd_flows SEC(".maps");

ALWAYS_INLINE __u32 ticks(void) {
  return (__u32)(bpf_ktime_get_coarse_ns() >> kTickShift);
}

// Never 0.
ALWAYS_INLINE __u32 hash_of(const struct key* key) {
  const __u64* const words = (const __u64*)key;
  __u64 hash = words[0] * 0x9e3779b97f4a7c15ULL;
  hash = (hash ^ (hash >> 32) ^ words[1]) * 0xbf58476d1ce4e5b9ULL;
  hash = (hash ^ (hash >> 32) ^ words[2]) * 0x94d049bb133111ebULL;
  return (__u32)(hash >> 32) | 1;
}

ALWAYS_INLINE int is_same(const struct key* a, const struct key* b) {
  const __u64* const one = (const __u64*)a;
  const __u64* const other = (const __u64*)b;
  return one[0] == other[0] && one[1] == other[1] && one[2] == other[2];
}

ALWAYS_INLINE struct bucket* bucket_of(__u32 hash) {
  const __u32 index = (hash >> 1) % kBuckets;
  return bpf_map_lookup_elem(&egressd_buckets, &index);
}

ALWAYS_INLINE struct flows* flows_of(__u32 hash) {
  const __u32 index = (hash >> 1) % kBuckets;
  return bpf_map_lookup_elem(&egressd_flows, &index);
}

// Whether a packet of this flow has been here lately; from now on, one has. Wrong now and then, by
// two processors at once or two flows that look alike: no more comes of it than an ordinary way or
// a look too many.
ALWAYS_INLINE int see(__u32 hash) {
  const __u32 index = (hash >> 1) % kBuckets;
  seen* const last = bpf_map_lookup_elem(&egressd_seen, &index);
  if (!last) return 0;
  const __u16 part = hash >> 16;
  const seen four = *last;
  if (part == (__u16)four || part == (__u16)(four >> 16) || part == (__u16)(four >> 32) ||
      part == (__u16)(four >> 48)) {
    return 1;
  }
  *last = four << 16 | part;
  return 0;
}

// Which of a bucket's flows has this hash; none at kWays. Without the lock, so that what is not
// there takes none: who has it looks again.
ALWAYS_INLINE __u32 way_of(const struct bucket* bucket, __u32 hash, __u32 now_valid) {
  __u32 at = kWays;
  if (bucket->generation != now_valid) return at;
#pragma unroll
  for (__u32 i = 0; i < kWays; ++i) {
    if (bucket->hashes[i] == hash) at = i;
  }
  return at;
}

ALWAYS_INLINE void forget(const struct key* key, __u32 hash, __u32 now_valid) {
  struct bucket* const bucket = bucket_of(hash);
  if (!bucket) return;
  const __u32 at = way_of(bucket, hash, now_valid);
  if (at >= kWays) return;
  const struct flows* const flows = flows_of(hash);
  if (!flows) return;
  bpf_spin_lock(&bucket->lock);
  if (is_same(&flows->ways[at].key, key)) bucket->hashes[at] = 0;
  bpf_spin_unlock(&bucket->lock);
}

// What has become of the packet before, if that counts for one of this length.
ALWAYS_INLINE int find(const struct key* key, __u32 hash, __u32 length, __u32 now_valid,
                       struct outcome* outcome) {
  struct bucket* const bucket = bucket_of(hash);
  if (!bucket) return 0;
  const __u32 at = way_of(bucket, hash, now_valid);
  if (at >= kWays) return 0;
  const struct flows* const flows = flows_of(hash);
  if (!flows) return 0;
  const struct flow* const flow = &flows->ways[at];
  const __u32 now = ticks();
  bpf_spin_lock(&bucket->lock);
  const int usable = bucket->generation == now_valid && bucket->hashes[at] == hash &&
                     is_same(&flow->key, key) && length <= flow->longest &&
                     now - bucket->learned_at[at] < kTicksOfASecond;
  *outcome = flow->outcome;
  bpf_spin_unlock(&bucket->lock);
  return usable;
}

// In place of an older outcome of the flow's, or of what nobody could use any more; of no other.
ALWAYS_INLINE void note(const struct key* key, __u32 hash, __u32 now_valid, __u32 longest,
                        const struct outcome* outcome) {
  struct bucket* const bucket = bucket_of(hash);
  struct flows* const flows = flows_of(hash);
  if (!bucket || !flows) return;
  const __u32 now = ticks();
  __u32 at = kWays;
  int is_its_own = 0;
  bpf_spin_lock(&bucket->lock);
  if (bucket->generation != now_valid) {
    bucket->generation = now_valid;
    __builtin_memset(bucket->hashes, 0, sizeof(bucket->hashes));
  }
#pragma unroll
  for (__u32 i = 0; i < kWays; ++i) {
    const __u32 other = bucket->hashes[i];
    const int same = other == hash && is_same(&flows->ways[i].key, key);
    const int stale = !other || now - bucket->learned_at[i] >= kTicksOfASecond;
    if (is_its_own || !(same || (stale && at == kWays))) continue;
    at = i;
    is_its_own = same;
  }
  if (at < kWays) {
    struct flow* const flow = &flows->ways[at];
    flow->key = *key;
    flow->outcome = *outcome;
    flow->longest = longest;
    bucket->hashes[at] = hash;
    bucket->learned_at[at] = now;
  }
  bpf_spin_unlock(&bucket->lock);
}
