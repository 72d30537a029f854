// SPDX-License-Identifier: MIT
#pragma once

// One flow's way from an app to its destination: every stage, the deciding one, the source the far
// end sees, and whether the answer comes back. This is the evaluator that `explain`, `test`,
// `plan` and the oracle share; the kernel's rules are compiled from the same lab.

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/protocol.hpp"
#include "base/result.hpp"
#include "lab/flow_url.hpp"
#include "lab/lab.hpp"
#include "policy/near_misses.hpp"
#include "policy/network.hpp"
#include "policy/path_limits.hpp"
#include "policy/resolve_name.hpp"
#include "policy/service_access.hpp"
#include "policy/stage.hpp"

namespace egress::policy {

struct Flow {
  Protocol protocol = Protocol::kTcp;  // or UDP or ICMP
  Ipv4Address destination{};
  uint16_t destination_port = 0;
  uint16_t source_port = 50000;  // contract "Decided" 11
};

struct NextHop {
  std::string type{};  // ARM's spelling
  std::optional<Ipv4Address> ip_address{};
};

struct Reply {
  lab::Verdict verdict = lab::Verdict::kAllow;
  std::string reason{};       // of the last step
  std::vector<Step> steps{};  // the answer's way, until it is back or lost
  // Of one that is lost: the answer to the first packet comes back all the same, and what follows
  // it does not arrive.
  bool half_open = false;
  bool by_ports = false;  // a gateway chose its way: that of other ports may be another one
};

// Whom a load balancer gave the packet to.
struct Balanced {
  std::string rule{};                // "loadBalancers/lb/rule"
  std::string host{};                // by the flow's hash
  std::vector<std::string> hosts{};  // one of these
  bool by_ports = false;             // from another source port it may be another one
  uint16_t port = 0;                 // of a frontend that is the destination: the host's
};

// Which of a gateway's equal connections the packet took.
struct EqualWays {
  std::string gateway{};                   // "gateways/vpn"
  std::string connection{};                // by the flow's hash
  std::vector<std::string> connections{};  // one of these
  bool by_ports = false;                   // from another source port it may be another one
};

struct Explanation {
  Sender sender{};              // who sends, as the lab spells it
  bool public_attempt = false;  // the first of two, which is the last where the vault took it
  std::shared_ptr<const Explanation> refused_attempt{};  // of the second: the first
  Flow flow{};  // and what; without a destination when its name has no address
  lab::Verdict verdict = lab::Verdict::kDrop;
  std::optional<lab::Path> path{};  // empty: nothing is sent, or the platform answers
  // What the far end sees: one of several by a NAT gateway, each flow another. None when nothing
  // arrives, or an address comes that nobody declares.
  std::vector<Ipv4Address> sources{};
  std::optional<Ipv4Address> source{};  // if there is but one
  std::optional<PathLimits> limits{};   // of what arrives translated
  std::vector<Balanced> balanced{};     // by load balancers, on the way
  std::vector<EqualWays> equal_ways{};  // by gateways with several for the prefix
  std::optional<NextHop> next_hop{};    // the app's first routing decision in the VNet
  DecidedBy decided_by{};
  std::vector<Step> steps{};
  std::vector<NearMiss> nearest{};  // of a security rule's Deny
  std::optional<Reply> reply{};     // set when the forward packet arrives
  std::string host{};               // the host that receives it, or empty
  bool refused = false;             // a closed port: the host answers with RST or port unreachable
  // What the receiver's own firewall says, where it has one and the port is open.
  std::optional<ServiceAnswer> service{};
  // The receiver hands it to an app's own program, which answers, or refuses where it does not
  // listen.
  bool answer_unknown = false;
  // Lists judge some of the addresses and ports that source NAT may take otherwise: the verdict is
  // that of the ones that they deny.
  bool depends_on_source = false;
  std::optional<Resolution> resolution{};  // of the name that was asked about
  std::vector<std::string>
      warnings{};      // about the lab, that concern this flow (inspect::concerning)
  std::string sees{};  // what the app sees: "connects", "time-out", "refused at once", "NXDOMAIN"

  void show(std::vector<Ipv4Address> all) {
    sources = std::move(all);
    source = sources.size() == 1 ? std::optional(sources.front()) : std::nullopt;
  }
  // Whether another source port may lead it another way.
  bool depends_on_ports() const {
    const auto by_ports = [](const auto& each) { return each.by_ports; };
    return std::any_of(balanced.begin(), balanced.end(), by_ports) ||
           std::any_of(equal_ways.begin(), equal_ways.end(), by_ports) ||
           (reply && reply->by_ports);
  }
  bool is_sent() const { return verdict != lab::Verdict::kUnresolved; }
};

// kNotFound when the app or instance does not exist or has no lease, kInvalid for destinations that
// never leave a host (loopback, multicast, broadcast). What a Key Vault reference of an integrated
// app asks for is asked for in public, and once more through the network where the vault's own
// firewall refuses that, for no other reason: the answer is that of the last attempt (contract
// "Decided" 25).
Result<Explanation> explain(const Network& network, const Sender& sender, const Flow& flow);

// The same towards an address or a name. A name is resolved as the app would, to its first address;
// Unresolved when it has none. kInvalid also for a name that means such a destination.
Result<Explanation> explain(const Network& network, const Sender& sender,
                            const lab::FlowTarget& target, uint16_t source_port,
                            const AskUpstream& ask = nullptr);

// The same of one attempt alone; of a sender that makes but one, of that.
Result<Explanation> explain_attempt(const Network& network, const Sender& sender,
                                    bool public_attempt, const Flow& flow);
Result<Explanation> explain_attempt(const Network& network, const Sender& sender,
                                    bool public_attempt, const lab::FlowTarget& target,
                                    uint16_t source_port, const AskUpstream& ask = nullptr);

}  // namespace egress::policy
