// SPDX-License-Identifier: MIT
#include "wire/flow_cache.hpp"

#include "base/stable_hash.hpp"

namespace egress::wire {
namespace {

constexpr unsigned kSlotBits = 32;

}  // namespace

FlowCache::Entry& FlowCache::find(uint16_t wire, const FlowKey& key) {
  Entry* const set = &entries_[(hash_of(key) ^ folded(wire)) % (kEntries / kWays) * kWays];
  Entry* oldest = set;
  for (Entry* each = set; each != set + kWays; ++each) {
    if (each->version != 0 && each->wire == wire && each->key == key) return *each;
    if (each->since < oldest->since) oldest = each;
  }
  *oldest = {.key = key, .wire = wire};
  return *oldest;
}

bool FlowCache::is_stale(const Entry& entry, TimePoint now, uint32_t generation) {
  if (entry.version == 0 || entry.generation != generation) return true;
  switch (entry.standing) {
    case Standing::kAsked: return !entry.waits;
    case Standing::kPasses: return now - entry.since >= kIdle;
    case Standing::kDenied: return now - entry.since >= kDeniedFor;
  }
  return true;
}

FlowCache::Found FlowCache::look(uint16_t wire, const FlowKey& key, bool begins, TimePoint now,
                                 uint32_t generation) {
  Entry& entry = find(wire, key);
  const bool stale = is_stale(entry, now, generation);
  if (!stale) {
    if (entry.standing != Standing::kDenied) entry.since = now;
    return {.standing = entry.standing};
  }
  entry.standing = Standing::kAsked;
  entry.since = now;
  entry.generation = generation;
  entry.waits = begins;
  if (++version_ == 0) ++version_;
  entry.version = version_;
  const auto slot = static_cast<uint64_t>(&entry - entries_.data());
  return {.ask = begins, .ticket = uint64_t{entry.version} << kSlotBits | slot};
}

void FlowCache::settle(uint64_t ticket, Standing standing) {
  Entry& entry = entries_[(ticket & UINT32_MAX) % kEntries];
  if (entry.version != ticket >> kSlotBits) return;
  entry.standing = standing;
  entry.waits = false;
}

void FlowCache::forget(uint16_t wire) {
  for (Entry& entry : entries_) {
    if (entry.wire == wire) entry = {};
  }
}

}  // namespace egress::wire
