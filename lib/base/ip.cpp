// SPDX-License-Identifier: MIT
#include "base/ip.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>

#include "base/number.hpp"

namespace egress {

std::string Ipv4Address::to_string() const {
  return fmt::format("{}.{}.{}.{}", bits >> 24U, (bits >> 16U) & 255U, (bits >> 8U) & 255U,
                     bits & 255U);
}

Result<Ipv4Address> Ipv4Address::parse(std::string_view text) {
  in_addr parsed{};
  const std::string terminated(text);
  // inet_pton() would not see what stands behind a NUL.
  if (terminated.find('\0') != std::string::npos ||
      inet_pton(AF_INET, terminated.c_str(), &parsed) != 1) {
    return Error{.code = Errc::kInvalid,
                 .message = fmt::format("'{}' is not an IPv4 address", text)};
  }
  return Ipv4Address{ntohl(parsed.s_addr)};
}

std::string Ipv4Prefix::to_string() const {
  return fmt::format("{}/{}", address.to_string(), length);
}

Result<Ipv4Prefix> Ipv4Prefix::parse(std::string_view text) {
  const size_t slash = text.find('/');
  ASSIGN_OR_RETURN(const Ipv4Address address, Ipv4Address::parse(text.substr(0, slash)));
  if (slash == std::string_view::npos) return host(address);
  const unsigned length = parse_number<unsigned>(text.substr(slash + 1)).value_or(33);
  if (length > 32) {
    return Error{.code = Errc::kInvalid,
                 .message = fmt::format("'{}' is not an IPv4 prefix: the length is 0 to 32", text)};
  }
  Ipv4Prefix prefix{address, static_cast<uint8_t>(length)};
  prefix.address.bits &= prefix.mask();
  if (prefix.address != address) {
    return Error{.code = Errc::kInvalid,
                 .message = fmt::format("'{}' has bits set behind its length; the prefix is {}",
                                        text, prefix.to_string())};
  }
  return prefix;
}

bool is_rfc1918(Ipv4Address address) {
  return std::any_of(std::begin(kRfc1918), std::end(kRfc1918),
                     [&](const Ipv4Prefix& prefix) { return prefix.contains(address); });
}

}  // namespace egress
