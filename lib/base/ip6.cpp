// SPDX-License-Identifier: MIT
#include "base/ip6.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>

namespace egress {

std::string Ipv6Address::to_string() const {
  std::array<char, INET6_ADDRSTRLEN> text{};
  inet_ntop(AF_INET6, octets.data(), text.data(), text.size());
  return text.data();
}

Result<Ipv6Address> Ipv6Address::parse(std::string_view text) {
  Ipv6Address parsed;
  const std::string terminated(text);
  // inet_pton() would not see what stands behind a NUL.
  if (terminated.find('\0') != std::string::npos ||
      inet_pton(AF_INET6, terminated.c_str(), parsed.octets.data()) != 1) {
    return Error{.code = Errc::kInvalid,
                 .message = fmt::format("'{}' is not an IPv6 address", text)};
  }
  return parsed;
}

}  // namespace egress
