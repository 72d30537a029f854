// SPDX-License-Identifier: MIT
#pragma once

// Whether the kernel did what `explain` said, and the resolvers what `resolve` said: one decision
// against what a probe of the same flow, or a real lookup, saw. Pure; probing is lib/probe's.

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "lab/lab.hpp"
#include "policy/explain.hpp"

namespace egress::inspect {

// A probe's result in the lab's words.
struct Observation {
  uint16_t source_port = 0;  // that the packet was sent from; 0 with ICMP
  bool arrived = false;
  std::string host{};                   // the emulated host that saw the packet
  std::optional<Ipv4Address> source{};  // as that host saw it
  bool replied = false;                 // an answer other than a refusal came back
  bool refused = false;                 // RST or port unreachable came back
  bool silent = false;                  // a connection made behind the probe heard nothing
  bool by_program = false;              // the answer is of a program that is not in the lab
};

// One sentence per disagreement; none when the kernel agrees. A missing refusal is none but for
// TCP: kernels limit how many port unreachables they send. Of an app's own program any answer will
// do, and over UDP silence, too.
std::vector<std::string> differences(Protocol protocol, const policy::Explanation& expected,
                                     const Observation& seen);

// Whether the answer can be one of a program that somebody has started on the machine: it comes
// from a port that is closed by the lab.
bool may_be_of_program(const policy::Network& network, const policy::Explanation& expected,
                       const Observation& seen);

// What an app was told about a name.
struct LookupSeen {
  bool answered = false;
  int rcode = 0;                          // RFC 1035 4.1.1; of an answer
  std::vector<Ipv4Address> addresses{};   // of an answer, in any order
  std::vector<policy::Record> records{};  // all of them, likewise
};

// As above. An app is told SERVFAIL, or nothing, when its resolver has no answer in time. Records
// are compared but for their TTLs, which count down on their way.
std::vector<std::string> differences(const policy::Resolution& expected, const LookupSeen& seen);

// What the one who answers as a service said.
struct AccessSeen {
  lab::Access access = lab::Access::kAllow;
  std::string code{};
};

// As above; empty: it said nothing that tells.
std::vector<std::string> differences(const policy::ServiceAnswer& expected,
                                     const std::optional<AccessSeen>& seen);

// Who owns `address` in any network, machines, services and front ends, also by a private endpoint,
// the machines behind a load balancer's frontend, and the apps that have private ports there: names
// by namespace. That is where a probe's packet may turn up.
std::map<std::string, std::string> receivers(const policy::Network& network,
                                             const std::string& prefix, Ipv4Address address);

}  // namespace egress::inspect
