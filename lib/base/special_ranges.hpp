// SPDX-License-Identifier: MIT
#pragma once

// Ranges of addresses with a meaning of their own, each with who gave it to them (IANA's registry
// of special-purpose addresses, or Azure). Whoever treats some of them apart names those it means.

#include "base/ip.hpp"

namespace egress {

inline constexpr Ipv4Prefix kThisNetwork{{0x00000000}, 8};  // RFC 1122, section 3.2.1.3
// RFC 1918, one by one.
inline constexpr Ipv4Prefix kPrivate10 = kRfc1918[0];
inline constexpr Ipv4Prefix kPrivate172 = kRfc1918[1];
inline constexpr Ipv4Prefix kPrivate192 = kRfc1918[2];
inline constexpr Ipv4Prefix kSharedSpace{{0x64400000}, 10};   // 100.64.0.0/10, RFC 6598
inline constexpr Ipv4Prefix kLoopback{{0x7f000000}, 8};       // RFC 1122, section 3.2.1.3
inline constexpr Ipv4Prefix kLinkLocal{{0xa9fe0000}, 16};     // 169.254.0.0/16, RFC 3927
inline constexpr Ipv4Prefix kTestNet1{{0xc0000200}, 24};      // 192.0.2.0/24, RFC 5737
inline constexpr Ipv4Prefix kBenchmarking{{0xc6120000}, 15};  // 198.18.0.0/15, RFC 2544
inline constexpr Ipv4Prefix kMulticast{{0xe0000000}, 4};      // RFC 5771
inline constexpr Ipv4Prefix kReserved{{0xf0000000}, 4};  // RFC 1112; holds the broadcast address
// The two above as one: what no machine has for an address.
inline constexpr Ipv4Prefix kMulticastAndReserved{{0xe0000000}, 3};
inline constexpr Ipv4Address kBroadcast{0xffffffff};  // RFC 919
// What no network on-premises holds.
inline constexpr Ipv4Prefix kNeverOnPremises[] = {kThisNetwork, kLoopback, kLinkLocal, kMulticast,
                                                  kReserved};

inline constexpr Ipv4Address kInstanceMetadata{0xa9fea9fe};  // 169.254.169.254, azure-facts 9.8
// From which the platform asks Key Vault in public, outside every app's outbound addresses
// (azure-facts 1.3.10); which one, Azure does not say. From RFC 5737's second documentation range.
inline constexpr Ipv4Address kKeyVaultAddress{0xc6336403};  // 198.51.100.3

}  // namespace egress
