// SPDX-License-Identifier: MIT
#pragma once

// Who owns which bits of the numbers that packets and flows carry. Each namespace has its own.
//
// | number          | in      | bits  | says                                                      |
// | packet mark     | VNet    | all   | the routing table; within a gate, the packet's class;     |
// |                 |         |       | towards an integration, the plan and subnet of the source |
// | packet mark     | stamp   | all   | until when the port that was chosen is held; 0: it is not |
// | packet mark     | nat     | all   | the bucket in which the new flow is counted               |
// | packet mark     | gateway | all   | the routing table by which the connection is left that    |
// |                 |         |       | the flow's hash has chosen among several                  |
// | packet mark     | service | all   | the way by which it came, and its answer goes             |
// | packet mark     | front   | 0-15  | likewise                                                  |
// | packet mark     | front   | 16    | that an app answers, whose packet is forwarded            |
// | connection mark | VNet    | 0-15  | the outbound gate that admitted the flow, 0: none         |
// | connection mark | VNet    | 16-31 | the inbound gate that admitted it                         |
// | connection mark | VNet    | all 1 | a list that flushes connections has denied the flow since |
// | connection mark | front   | all   | the way by which the request came; 0: the Internet        |
// | zone            | worker  | all   | the integration, by its number; 0, too: the direct path   |
// | zone            | VNet    | all   | of what is sent to a frontend, where it is delivered: 1   |
// | zone            | front   | all   | of requests: the way by which they came; 0: the Internet  |
//
// Connection labels are nobody's: nft only ever sets bits of them, and a flow that meets a second
// gate would carry the union of two numbers.

#include <cstdint>
#include <string>

#include "lab/lab.hpp"

namespace egress::compile {

// Numbers of gates, in their half of the connection mark.
inline constexpr uint32_t kFirstGate = 1;
inline constexpr uint32_t kLastGate = 0xfffe;
// In place of them: nothing of the flow passes. An entry that were ended instead would come anew
// with what the other end says, as a flow in that direction.
inline constexpr uint32_t kDeniedFlow = 0xffffffff;

// Numbers of plans in subnets, of which no routing table of a VNet has one.
inline constexpr uint32_t kFirstIntegrationGroup = 0x10000;
inline constexpr uint32_t kIntegrationGroups = 0x10000000;

// Matches and statements in nft's text.
std::string set_packet_mark(uint32_t mark);  // "meta mark set 0x0000002a"
std::string remember_gate(lab::Direction direction, uint32_t gate);
std::string was_admitted_by(lab::Direction direction, uint32_t gate);
std::string is_denied_flow();

// Of what a frontend takes, in one direction: the network may have had it before, on its way by an
// appliance, and knows it as another flow.
inline constexpr uint16_t kFrontendZone = 1;

// Policy rules that go by the packet mark compare all of it.
inline constexpr uint32_t kWholeMark = 0xffffffff;

// Beside the way, in the packet mark of a front end.
inline constexpr uint32_t kAnswerOfApp = 0x10000;

}  // namespace egress::compile
