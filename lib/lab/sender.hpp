// SPDX-License-Identifier: MIT
#pragma once

#include <compare>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace egress::lab {

// Whose packets a question is about: one instance of a site.
struct Sender {
  std::string site{};
  int instance = 0;
  auto operator<=>(const Sender&) const = default;
  std::string to_string() const;  // "web/0"
  // kInvalid unless `text` is SITE or SITE/INSTANCE, counted from 0 and 0 if not said.
  static Result<Sender> parse(std::string_view text);
};

}  // namespace egress::lab
