// SPDX-License-Identifier: MIT
#include "egressctl/duration.hpp"

#include <fmt/format.h>

namespace egress::ctl {

Result<std::chrono::seconds> parse_duration(const std::string& text) {
  const auto parsed = egress::parse_duration(text);
  if (!parsed.ok() || parsed->count() > 0) return parsed;
  return Error{.code = Errc::kInvalid,
               .message = fmt::format(
                   "'{}' is no time at all: write one such as 90s, 4m, 1h30m or 2d", text)};
}

}  // namespace egress::ctl
