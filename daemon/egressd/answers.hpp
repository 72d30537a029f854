// SPDX-License-Identifier: MIT
#pragma once

// What becomes of a request that takes long, or is refused.

#include <functional>
#include <string>
#include <utility>
#include <variant>

#include "base/result.hpp"
#include "session/session.hpp"

namespace egress::daemon {

inline Error no_lab() {
  return {.code = Errc::kConflict, .message = "no lab is in force"};
}

inline Error changed_meanwhile() {
  return {.code = Errc::kBusy, .message = "the lab was being changed meanwhile; ask again"};
}

// `why` is the kernel's word.
inline Error no_tun(const std::string& why) {
  return {.code = Errc::kUnsupported, .message = "a plan has interface: tun, and " + why};
}

template <typename T>
using OrRefusal = std::variant<T, session::Refusal>;
// What becomes of a thing that takes long, on the loop's thread.
template <typename T>
using Then = std::function<void(OrRefusal<T>)>;

template <typename T>
OrRefusal<T> or_refusal(Result<T> result) {
  if (!result.ok()) return session::Refusal{std::move(result).error(), {}};
  return std::move(*result);
}

// For what was worked out, unless memory ran out.
template <typename T>
void give(const Then<T>& then, Result<OrRefusal<T>> answer) {
  if (!answer.ok()) return then(session::Refusal{answer.error(), {}});
  then(std::move(*answer));
}

}  // namespace egress::daemon
