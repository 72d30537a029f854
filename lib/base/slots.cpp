// SPDX-License-Identifier: MIT
#include "base/slots.hpp"

#include <fmt/format.h>

#include <unordered_set>

#include "base/stable_hash.hpp"

namespace egress {

std::map<std::string, uint64_t> probed(const std::set<std::string>& keys, uint64_t size) {
  std::map<std::string, uint64_t> numbers;
  std::unordered_set<uint64_t> taken;
  for (const std::string& key : keys) {
    uint64_t number = folded(fnv1a(key)) % size;
    while (!taken.insert(number).second) number = (number + 1) % size;
    numbers.emplace_hint(numbers.end(), key, number);
  }
  return numbers;
}

Result<std::map<std::string, uint32_t>> assign_slots(const std::string& what,
                                                     const std::vector<std::string>& keys,
                                                     uint32_t first, uint32_t last) {
  const std::set<std::string> distinct(keys.begin(), keys.end());
  const uint64_t size = uint64_t{last} - first + 1;
  if (distinct.size() > size) {
    return Error{
        .code = Errc::kInvalid,
        .message = fmt::format("{} {}, of which there can be {}", distinct.size(), what, size)};
  }
  std::map<std::string, uint32_t> slots;
  for (const auto& [key, number] : probed(distinct, size)) {
    slots.emplace_hint(slots.end(), key, first + static_cast<uint32_t>(number));
  }
  return slots;
}

}  // namespace egress
