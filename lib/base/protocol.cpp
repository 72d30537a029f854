// SPDX-License-Identifier: MIT
#include "base/protocol.hpp"

#include <fmt/format.h>

#include "base/number.hpp"

namespace egress {

const char* name_of(Protocol protocol) {
  switch (protocol) {
    case Protocol::kIcmp: return "icmp";
    case Protocol::kTcp: return "tcp";
    case Protocol::kUdp: return "udp";
    case Protocol::kEsp: return "esp";
    case Protocol::kAh: return "ah";
  }
  return "tcp";
}

std::string Port::to_string() const {
  return fmt::format("{}/{}", name_of(protocol), number);
}

Result<Port> Port::parse(std::string_view text) {
  for (const Protocol protocol : {Protocol::kTcp, Protocol::kUdp}) {
    const std::string head = fmt::format("{}/", name_of(protocol));
    if (!text.starts_with(head)) continue;
    const auto number = parse_number<uint16_t>(text.substr(head.size()));
    if (number.value_or(0) != 0) return Port{protocol, *number};
  }
  return Error{.code = Errc::kInvalid,
               .message = fmt::format("'{}' is not tcp/PORT or udp/PORT", text)};
}

}  // namespace egress
