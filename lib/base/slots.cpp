// SPDX-License-Identifier: MIT
#include "base/slots.hpp"

#include <fmt/format.h>

#include <unordered_set>

#include "base/stable_hash.hpp"

namespace egress {
namespace {

// Adds the keys that have no number yet.
void probe(const std::set<std::string>& keys, uint64_t size,
           std::map<std::string, uint64_t>& numbers) {
  std::unordered_set<uint64_t> taken;
  for (const auto& [key, number] : numbers) taken.insert(number);
  for (const std::string& key : keys) {
    if (numbers.count(key) != 0) continue;
    uint64_t number = folded(fnv1a(key)) % size;
    while (!taken.insert(number).second) number = (number + 1) % size;
    numbers.emplace(key, number);
  }
}

}  // namespace

const Numbers& numbers_in(const NumberBook& book, const std::string& of) {
  static const Numbers kNone;
  const auto found = book.find(of);
  return found == book.end() ? kNone : found->second;
}

std::map<std::string, uint64_t> probed(const std::set<std::string>& keys, uint64_t size) {
  std::map<std::string, uint64_t> numbers;
  probe(keys, size, numbers);
  return numbers;
}

Result<Numbers> assign_slots(const std::string& what, const std::vector<std::string>& keys,
                             uint32_t first, uint32_t last, const Numbers& held) {
  const std::set<std::string> distinct(keys.begin(), keys.end());
  const uint64_t size = uint64_t{last} - first + 1;
  if (distinct.size() > size) {
    return Error{
        .code = Errc::kInvalid,
        .message = fmt::format("{} {}, of which there can be {}", distinct.size(), what, size)};
  }
  std::map<std::string, uint64_t> numbers;
  std::unordered_set<uint32_t> kept;
  for (const auto& [key, number] : held) {
    const bool fits = first <= number && number <= last && distinct.count(key) != 0;
    if (fits && kept.insert(number).second) numbers.emplace(key, number - first);
  }
  probe(distinct, size, numbers);
  Numbers slots;
  for (const auto& [key, number] : numbers) {
    slots.emplace_hint(slots.end(), key, first + static_cast<uint32_t>(number));
  }
  return slots;
}

}  // namespace egress
