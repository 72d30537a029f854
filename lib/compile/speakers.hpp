// SPDX-License-Identifier: MIT
#pragma once

// BGP between gateways and networks on-premises: BIRD in a gateway's namespace, and what a speaker
// needs that somebody starts in that of a network.

#include <cstdint>
#include <map>
#include <string>

#include "compile/fabric.hpp"

namespace egress::compile {

inline constexpr const char* kBird = "/usr/sbin/bird";
inline constexpr const char* kSpeaker = "bgp";           // the process
inline constexpr const char* kBirdControl = "bird.ctl";  // its socket, in its folder

// Of one gateway that speaks.
struct SpeakerPlace {
  state::ProcessRef process{};
  // The networks on-premises, by the kernel's routing table for what a session with each brings.
  std::map<uint32_t, std::string> sessions{};
  bool operator==(const SpeakerPlace&) const = default;
};
// By gateway, where BIRD is installed.
std::map<std::string, SpeakerPlace> speakers_of(const policy::Network& network,
                                                const std::string& prefix);

// The numbers of those tables. kInvalid when there are more sessions than tables.
Status number_sessions(const policy::Situation& situation, NumberBook& book);

// To a gateway and its firewall, whose links are named: BIRD, the ways to its neighbours, and that
// nobody else speaks to it.
void add_speaker(Fabric& fabric, const policy::Network::Gateway& gateway, state::NetnsState& netns,
                 state::NftTable& table);
// To a network on-premises likewise: the address of its speaker, which answers gateways alone.
void add_neighbour(Fabric& fabric, const policy::Network::OnPremises& network,
                   state::NetnsState& netns, state::NftTable& table);

}  // namespace egress::compile
