// SPDX-License-Identifier: MIT
#include "dns/framing.hpp"

#include <algorithm>

namespace egress::dns {

Message framed(const Message& message) {
  Message bytes(kLengthSize + message.size());
  bytes[0] = static_cast<uint8_t>(message.size() >> 8U);
  bytes[1] = static_cast<uint8_t>(message.size());
  std::copy(message.begin(), message.end(), bytes.begin() + kLengthSize);
  return bytes;
}

std::optional<std::span<const uint8_t>> first_message(std::span<const uint8_t> bytes) {
  if (bytes.size() < kLengthSize) return std::nullopt;
  const size_t length = static_cast<size_t>(bytes[0] << 8U) | bytes[1];
  if (bytes.size() - kLengthSize < length) return std::nullopt;
  return bytes.subspan(kLengthSize, length);
}

}  // namespace egress::dns
