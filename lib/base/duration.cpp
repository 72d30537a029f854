// SPDX-License-Identifier: MIT
#include "base/duration.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>

#include "base/number.hpp"

namespace egress {

namespace {

struct Unit {
  char letter;
  int64_t seconds;
};
constexpr std::array<Unit, 4> kUnits{{{'d', 86400}, {'h', 3600}, {'m', 60}, {'s', 1}}};
constexpr int64_t kLongest = std::numeric_limits<int32_t>::max();

}  // namespace

Result<std::chrono::seconds> parse_duration(std::string_view text) {
  const Error none{
      .code = Errc::kInvalid,
      .message = fmt::format("'{}' is no duration, such as 90s, 4m, 1h30m or 2d", text)};
  if (text.empty()) return none;
  int64_t total = 0;
  std::string_view rest = text;
  while (!rest.empty()) {
    const size_t digits = std::min(rest.find_first_not_of("0123456789"), rest.size());
    const auto number = parse_number<uint32_t>(rest.substr(0, digits));
    if (!number || digits == rest.size()) return none;
    const auto* unit = std::find_if(kUnits.begin(), kUnits.end(),
                                    [&](const Unit& each) { return each.letter == rest[digits]; });
    if (unit == kUnits.end()) return none;
    total += *number * unit->seconds;
    if (total > kLongest) return none;
    rest.remove_prefix(digits + 1);
  }
  return std::chrono::seconds(total);
}

std::string duration_text(std::chrono::seconds duration) {
  std::string text;
  int64_t left = duration.count();
  for (const Unit& unit : kUnits) {
    if (left >= unit.seconds) text += fmt::format("{}{}", left / unit.seconds, unit.letter);
    left %= unit.seconds;
  }
  return text.empty() ? "0s" : text;
}

}  // namespace egress
