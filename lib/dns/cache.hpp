// SPDX-License-Identifier: MIT
#pragma once

// Answers of servers that are given again for a while: what App Service's resolver keeps when
// WEBSITE_ENABLE_DNS_CACHE says so (azure-facts 8.2.4).

#include <chrono>
#include <cstddef>
#include <map>
#include <optional>

#include "dns/lookup.hpp"
#include "dns/message.hpp"

namespace egress::dns {

class Cache {
 public:
  explicit Cache(size_t most = 1'000) : most_(most) {}

  // Keeps a NOERROR reply with records until the first of them ends, `longest` at most. A reply
  // beyond 4 KiB is not kept. When the cache is full, what would end first goes.
  void keep(const Question& question, const Reply& reply, std::chrono::seconds longest,
            TimePoint now);

  struct Hit {
    const Reply& reply;  // until the next call
    uint32_t age = 0;    // seconds since it was kept: less than any of its times to live
  };
  std::optional<Hit> find(const Question& question, TimePoint now);
  size_t size() const { return entries_.size(); }

 private:
  struct Entry {
    Reply reply{};
    TimePoint kept{};
    TimePoint ends{};
  };
  void make_room();

  size_t most_;
  std::map<Question, Entry> entries_{};
};

}  // namespace egress::dns
