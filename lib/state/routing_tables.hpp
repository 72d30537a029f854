// SPDX-License-Identifier: MIT
#pragma once

// The numbers of routing tables, in every namespace of ours.

#include <cstdint>

namespace egress::state {

// The kernel's own.
inline constexpr uint32_t kDefaultTable = 253;
inline constexpr uint32_t kMainTable = 254;
inline constexpr uint32_t kLocalTable = 255;

// In a virtual network's: whom a packet is for, then a table for each way to route it. A mark is
// the number of such a table.
inline constexpr uint32_t kEndpointsTable = 100;
inline constexpr uint32_t kFirstSubnetTable = 1000;
inline constexpr uint32_t kLastSubnetTable = 65000;

// In that of a host that answers in whole prefixes: out to the Internet, for what it says itself.
inline constexpr uint32_t kAnswersTable = 100;

// In that of a receiver whom networks reach by ways of their own: back by each of them. A mark is
// the number of such a table.
inline constexpr uint32_t kFirstWayTable = 300;
inline constexpr uint32_t kLastWayTable = 65000;

// In a NAT gateway's: out to the Internet.
inline constexpr uint32_t kInternetTable = 100;

// In a gateway's and in a network's on-premises: where what comes from the network, and from
// gateways, goes.
inline constexpr uint32_t kArrivalsTable = 100;

// Likewise: where what these say to one another about routes goes.
inline constexpr uint32_t kPeeringsTable = 101;

// Likewise in a gateway's: by one connection, whatever it is for. A mark is the number of such a
// table.
inline constexpr uint32_t kFirstConnectionTable = 1000;
inline constexpr uint32_t kLastConnectionTable = 65000;

// In a gateway's: what its speaker has learned, a table for each session, which no rule uses. What
// stands there is the speaker's, and no part of a state.
inline constexpr uint32_t kFirstLearnedTable = 70000;
inline constexpr uint32_t kLastLearnedTable = 74999;

// In a worker's: out by its first and second integration, out directly, and nowhere.
inline constexpr uint32_t kFirstIntegrationTable = 101;
inline constexpr uint32_t kDirectTable = 103;
inline constexpr uint32_t kNowhereTable = 104;
// Out directly, but to the platform by the first and second integration.
inline constexpr uint32_t kFirstDirectOfIntegrationTable = 105;
// What eth0 of an app that sends all by its integration is left with: answers to front ends. And
// what an integration is left with of apps that send only some of it there.
inline constexpr uint32_t kFrontAnswersTable = 107;
inline constexpr uint32_t kFirstScopedIntegrationTable = 108;

}  // namespace egress::state
