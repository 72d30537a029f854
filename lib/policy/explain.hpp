// SPDX-License-Identifier: MIT
#pragma once

// One flow's way from an app to its destination: every stage, the deciding one, the source the far
// end sees, and whether the answer comes back. This is the evaluator that `explain`, `test`,
// `plan` and the oracle share; the kernel's rules are compiled from the same lab.

#include <optional>
#include <string>
#include <vector>

#include "base/protocol.hpp"
#include "base/result.hpp"
#include "lab/lab.hpp"
#include "policy/network.hpp"

namespace egress::policy {

struct Flow {
  Protocol protocol = Protocol::kTcp;  // or UDP or ICMP
  Ipv4Address destination{};
  uint16_t destination_port = 0;
  uint16_t source_port = 50000;  // contract "Decided" 11
};

// The stage names of the contract.
enum class Stage {
  kApplicationRouting,
  kNetworkSecurityGroup,
  kRoute,
  kPeering,
  kNat,
  kPlatform,
  kDestination,
};
const char* name_of(Stage stage);

struct Step {
  Stage stage = Stage::kRoute;
  std::string where{};   // "spoke/integration", "hub", "internet", "web/0"
  std::string result{};  // "virtualNetwork", "Allow", "VirtualAppliance 10.0.1.4", "refused"
  std::string name{};    // rule, route or peering that decided this step, or empty
  std::string reason{};  // one sentence for people
};

struct NextHop {
  std::string type{};  // ARM's spelling
  std::optional<Ipv4Address> ip_address{};
};

struct DecidedBy {
  Stage stage = Stage::kRoute;
  std::string name{};
};

struct Reply {
  lab::Verdict verdict = lab::Verdict::kAllow;
  std::string reason{};
};

struct Explanation {
  lab::Verdict verdict = lab::Verdict::kDrop;
  lab::Path path = lab::Path::kDirect;
  std::optional<Ipv4Address> source{};  // what the far end sees; empty when nothing arrives
  std::optional<NextHop> next_hop{};    // the app's first routing decision in the VNet
  DecidedBy decided_by{};
  std::vector<Step> steps{};
  std::optional<Reply> reply{};  // set when the forward packet arrives
  std::string host{};            // the host that receives it, or empty
  bool refused = false;          // a closed port: the host answers with RST or port unreachable
};

// kNotFound when the app or instance does not exist or has no lease, kInvalid for destinations that
// never leave a host (loopback, multicast, broadcast).
Result<Explanation> explain(const Network& network, const Sender& sender, const Flow& flow);

// One expectation against one explanation: empty when it holds, else what differs, for people.
std::vector<std::string> mismatches(const lab::Expectation& expectation, const Explanation& got);

}  // namespace egress::policy
