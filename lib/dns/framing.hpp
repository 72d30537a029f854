// SPDX-License-Identifier: MIT
#pragma once

// Messages on a connection: each behind its length (RFC 1035 4.2.2).

#include <cstddef>
#include <optional>
#include <span>

#include "dns/message.hpp"

namespace egress::dns {

inline constexpr size_t kLengthSize = 2;

// `message` has at most 65,535 bytes.
Message framed(const Message& message);

// The message that `bytes` begin with; nothing while it has not come whole.
std::optional<std::span<const uint8_t>> first_message(std::span<const uint8_t> bytes);

}  // namespace egress::dns
