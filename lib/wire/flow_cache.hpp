// SPDX-License-Identifier: MIT
#pragma once

// What a wire knows of the flows that leave a worker: a table of fixed size, owned by one thread,
// that asks for a decision once and then remembers it. An entry is
//
//   asked ──settle──► passes ──idle, or another generation──► (asked again by the next packet that
//     ▲   └─settle──► denied ──10 s, or another generation──►  may begin a flow)
//     └──settle(asked): nobody knows, the next such packet asks
//
// Nothing is dropped but what is denied and young. A set that is full gives its oldest entry away.

#include <chrono>
#include <cstdint>
#include <vector>

#include "wire/packet.hpp"

namespace egress::wire {

using TimePoint = std::chrono::steady_clock::time_point;

enum class Standing : uint8_t { kAsked, kPasses, kDenied };

class FlowCache {
 public:
  static constexpr size_t kEntries = size_t{1} << 17U;
  static constexpr std::chrono::minutes kIdle{5};
  static constexpr std::chrono::seconds kDeniedFor{10};

  FlowCache() : entries_(kEntries) {}

  struct Found {
    Standing standing = Standing::kAsked;
    bool ask = false;  // somebody is to be asked, by `ticket`
    uint64_t ticket = 0;
  };
  // Of a packet of `key` that leaves by `wire`. `begins`: it may begin a flow; others ask nothing.
  Found look(uint16_t wire, const FlowKey& key, bool begins, TimePoint now, uint32_t generation);

  // The answer to a question; nothing when the entry is another's by now.
  void settle(uint64_t ticket, Standing standing);

  void forget(uint16_t wire);

 private:
  static constexpr size_t kWays = 4;
  struct Entry {
    FlowKey key{};
    TimePoint since{};  // of what is denied when it was asked, of others the last packet
    uint32_t generation = 0;
    uint32_t version = 0;  // 0: unused
    uint16_t wire = 0;
    Standing standing = Standing::kAsked;
    bool waits = false;  // for an answer
  };
  static_assert(sizeof(Entry) == 40);

  Entry& find(uint16_t wire, const FlowKey& key);
  static bool is_stale(const Entry& entry, TimePoint now, uint32_t generation);

  std::vector<Entry> entries_;
  uint32_t version_ = 0;  // of the entry that was made or asked about last
};

}  // namespace egress::wire
