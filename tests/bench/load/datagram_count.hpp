// SPDX-License-Identifier: MIT
#pragma once

// The far end of datagrams, which counts them.

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "base/unique_fd.hpp"
#include "tests/bench/load/load.hpp"

namespace egress::load {

inline constexpr size_t kDatagram = 18;  // bytes

// In the server's namespace and on its first port, with room for those that come during a pause.
Result<UniqueFd> open_receiver(const Cell& cell);

// Takes what has arrived; the number of datagrams.
Result<uint64_t> take(const UniqueFd& socket);
// The same again and again, until `ended`.
Status count(const UniqueFd& socket, const std::atomic<bool>& ended, uint64_t& counted);
// What was still under way: until nothing has come for a while.
Result<uint64_t> take_late(const UniqueFd& socket);

}  // namespace egress::load
