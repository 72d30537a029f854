// SPDX-License-Identifier: MIT
#pragma once

// The rules of a machine that is a firewall, in the words of Azure Firewall's network rules.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/interval_set.hpp"
#include "lab/services.hpp"

namespace egress::lab {

enum class NetworkRuleProtocol { kTcp, kUdp, kIcmp, kAny };

// What decides where no rule of a firewall matches.
inline constexpr const char* kDenyAll = "DenyAll";

// One side of a network rule: all that any of its parts names.
struct FirewallAddresses {
  bool any = false;
  std::vector<Interval<uint32_t>> ranges{};
  std::vector<std::string> service_tags{};  // canonical
  bool operator==(const FirewallAddresses&) const = default;
};

struct NetworkRule {
  int priority = 0;
  Access action = Access::kDeny;
  std::vector<NetworkRuleProtocol> ip_protocols{};
  FirewallAddresses source_addresses{};
  FirewallAddresses destination_addresses{};  // or
  std::vector<std::string>
      destination_fqdns{};  // lower case; exactly one of the two says something
  PortSet destination_ports{};
  bool operator==(const NetworkRule&) const = default;
};

const char* name_of(NetworkRuleProtocol protocol);  // "TCP", "Any"

// "10.0.0.4-10.0.0.9"; nothing when it is none, or ends before it begins.
std::optional<Interval<uint32_t>> parse_address_range(std::string_view text);
// The shortest of an address, a prefix and a range that says it.
std::string address_range_text(const Interval<uint32_t>& range);
// "*", or its parts.
std::vector<std::string> texts_of(const FirewallAddresses& addresses);

}  // namespace egress::lab
