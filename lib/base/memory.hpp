// SPDX-License-Identifier: MIT
#pragma once

// Where libraries call us back, an exception would end the daemon, and a lab can be larger than the
// memory. What can grow with a lab runs in here.

#include <cerrno>
#include <new>
#include <string>
#include <utility>

#include "base/result.hpp"

namespace egress {

// What `work` returns, or an Error (ENOMEM) that names `what` when memory ran out in it.
template <typename Work>
auto within_memory(const std::string& what, const Work& work) -> Result<decltype(work())> {
  try {
    return work();
  } catch (const std::bad_alloc&) {
    return Error::from_errno(what, ENOMEM);
  }
}

}  // namespace egress
