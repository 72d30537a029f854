// SPDX-License-Identifier: MIT
#pragma once

// Who has which address in public, and what that leaves to hosts that stand for whole prefixes of
// the Internet.

#include <map>
#include <string>
#include <vector>

#include "lab/lab.hpp"

namespace egress::lab {

// A public address of the lab, or a prefix: who presents it, and where the file says so.
struct PublicAddress {
  Ipv4Address address{};
  std::string owner{};
  std::string path{};
  uint8_t length = 32;

  Ipv4Prefix prefix() const { return {address, length}; }
};
// Those of hosts' prefixes are not among them.
std::vector<PublicAddress> public_addresses(const Lab& lab);

// Why nobody has a public address in there, "private"; null: some do.
struct NotPublic {
  Ipv4Prefix prefix{};
  const char* use = "";
};
const NotPublic* overlapping_not_public(const Ipv4Prefix& prefix);
const NotPublic* not_public(const Ipv4Prefix& prefix);  // of all of it

// Whose the addresses of a prefix are but for those in a longer one: a host's, or nobody's where
// the name is empty, which keeps them from such hosts. Empty where no host has prefixes.
using HostPrefixes = std::map<Ipv4Prefix, std::string>;
HostPrefixes host_prefixes(const Lab& lab);
// All that the host answers on.
AddressSet answered_by(const std::string& host, const HostPrefixes& prefixes);

}  // namespace egress::lab
