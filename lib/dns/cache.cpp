// SPDX-License-Identifier: MIT
#include "dns/cache.hpp"

#include <algorithm>

namespace egress::dns {
namespace {

constexpr size_t kLargestReply = 4'096;

}  // namespace

void Cache::keep(const Question& question, const Reply& reply, std::chrono::seconds longest,
                 TimePoint now) {
  const auto seconds = std::min(std::chrono::seconds(reply.ttl), longest);
  if (reply.rcode != 0 || reply.truncated || seconds.count() <= 0 ||
      reply.wire.size() > kLargestReply) {
    return;
  }
  if (entries_.count(question) == 0) make_room();
  entries_.insert_or_assign(question, Entry{.reply = reply, .kept = now, .ends = now + seconds});
}

void Cache::make_room() {
  if (entries_.size() < most_) return;
  entries_.erase(std::min_element(
      entries_.begin(), entries_.end(),
      [](const auto& one, const auto& other) { return one.second.ends < other.second.ends; }));
}

std::optional<Cache::Hit> Cache::find(const Question& question, TimePoint now) {
  const auto found = entries_.find(question);
  if (found == entries_.end()) return std::nullopt;
  if (now >= found->second.ends) {
    entries_.erase(found);
    return std::nullopt;
  }
  const auto age = std::chrono::duration_cast<std::chrono::seconds>(now - found->second.kept);
  return Hit{.reply = found->second.reply, .age = static_cast<uint32_t>(age.count())};
}

}  // namespace egress::dns
