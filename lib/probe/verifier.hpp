// SPDX-License-Identifier: MIT
#pragma once

// Holds decisions against packets: explains flows, sends their first packets, compares. Probing
// waits for packets for up to a second, so all flows of a request go in one batch. Several threads
// may ask at once.

#include <atomic>
#include <functional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "inspect/expectations.hpp"
#include "inspect/observation.hpp"
#include "policy/explain.hpp"
#include "probe/calls.hpp"
#include "probe/lookups.hpp"
#include "probe/probe.hpp"

namespace egress::probe {

using Send = std::function<Result<std::vector<ProbeResult>>(const std::vector<ProbeFlow>& flows,
                                                            const std::vector<std::string>& watch,
                                                            std::chrono::milliseconds patience)>;

using LookUp = std::function<Result<std::vector<std::optional<dns::Reply>>>(
    const std::vector<NameLookup>& lookups)>;

using CallAll = std::function<Result<std::vector<CallSeen>>(const std::vector<Call>& calls,
                                                            std::chrono::milliseconds patience)>;

// What it works with: the real ones, or a test's.
struct Probes {
  Send send = probe::send;
  LookUp look_up = probe::look_up;
  CallAll call = probe::call;
};

// `public_attempt` here and below: of a sender that makes two attempts, the first of them.
struct Question {
  lab::Sender app{};
  policy::Flow flow{};
  bool public_attempt = false;
  bool programs_may_answer = false;  // that somebody has started on the receiver, beside the lab
};

struct Verified {
  policy::Explanation explanation{};
  inspect::Observation observation{};
  std::vector<std::string> differences{};
};

// A name that an app asks its own resolver for, and what it should be.
struct NameQuestion {
  lab::Sender app{};
  policy::Resolution expected{};
  bool tcp = false;  // at once, as for an answer that does not fit a datagram
  bool public_attempt = false;
};

struct NameVerified {
  policy::Resolution expected{};
  inspect::LookupSeen seen{};
  std::vector<std::string> differences{};
};

class Verifier {
 public:
  explicit Verifier(Probes probes = {}) : probes_(std::move(probes)) {}

  // One answer per question, in order, of one attempt each; kConflict for classes that are not in
  // use. A service that is reached over TCP is called too, as a packet does not show what it says.
  Result<std::vector<Verified>> verify(const policy::Network& network, const std::string& prefix,
                                       const std::vector<Question>& questions) const;

  // The same for a flow as a URL, with a lookup of its name, and of all attempts that are made;
  // from a fresh port when none is given. Nothing is sent to a name without an address.
  Result<Verified> verify(const policy::Network& network, const std::string& prefix,
                          const lab::Sender& app, const std::string& url,
                          std::optional<uint16_t> source_port, const policy::AskUpstream& ask);

  // The first for names.
  Result<std::vector<NameVerified>> verify_names(const policy::Network& network,
                                                 const std::string& prefix,
                                                 const std::vector<NameQuestion>& questions) const;

  // A source port from which the packet of a flow with the assumed port (policy::Flow) may be sent:
  // no rule of the lab tells the two apart, and no recent probe used it as long as there are
  // others. The kernel spares flows it has admitted before, so a port used again would tell
  // yesterday's verdict.
  uint16_t fresh_port(const lab::Lab& lab);
  // So many of them, of which the lab is looked at once.
  std::vector<uint16_t> fresh_ports(const lab::Lab& lab, size_t count);

  const Probes& probes() const { return probes_; }

  // Every expectation of the network's lab, by analysis and with packets and lookups.
  Result<std::vector<inspect::TestResult>> test(const policy::Network& network,
                                                const std::string& prefix);

 private:
  uint16_t fresh_port(const std::vector<uint16_t>& ports);
  // Of one attempt.
  Result<Verified> verify(const policy::Network& network, const std::string& prefix,
                          const policy::Explanation& attempt, uint16_t source_port) const;
  Status call_services(const std::vector<ProbeFlow>& flows, std::vector<Verified>& answers) const;
  // Whether connections that an appliance is to end are told nothing.
  Status call_half_open(const std::vector<ProbeFlow>& flows, std::vector<Verified>& answers) const;
  Status add_packets(const policy::Network& network, const std::string& prefix,
                     std::vector<inspect::TestResult>& results) const;
  Status add_lookups(const policy::Network& network, const std::string& prefix,
                     std::vector<inspect::TestResult>& results) const;

  Probes probes_;
  std::atomic<size_t> fresh_ports_ = 0;  // given so far
};

}  // namespace egress::probe
