// SPDX-License-Identifier: MIT
#pragma once

// The platform's addresses: 168.63.129.16, which answers names, and the metadata service at
// 169.254.169.254 (azure-facts 4.5 and 9.8, contract "Decided" 9). Every VNet namespace has both on
// its loopback, the stamp the first, for who is in no network. No route leads elsewhere, and no
// list is asked but for the rules that name the platform's tags.

#include <string>

#include "compile/fabric.hpp"

namespace egress::compile {

inline constexpr Ipv4Address kPlatformAddresses[] = {kAzurePlatform, kInstanceMetadata};

// Of a VNet's namespace.
void add_platform_addresses(state::NetnsState& vnet);
// Whatever else is in a routing table of a VNet.
void lead_to_platform(state::NetnsState& vnet, uint32_t table);
// What a VNet's namespace takes for itself and answers, by chains of the hooks input and output;
// "refuse" (fabric.hpp, refusal) answers from there as well.
void add_platform_answers(state::NftTable& vnet);
// In outbound chains of subnets: where packets for the platform go on.
std::string is_for_platform();

// Of the stamp's namespace.
void add_platform_address(state::NetnsState& stamp);
void add_platform_answers_of_stamp(state::NftTable& stamp);

}  // namespace egress::compile
