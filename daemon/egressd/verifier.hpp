// SPDX-License-Identifier: MIT
#pragma once

// Holds decisions against packets: explains flows, sends their first packets, compares. Probing
// takes up to a second on the loop's thread, so all flows of a request go in one batch.

#include <functional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "control/json.hpp"
#include "control/verify.hpp"
#include "kernel/probe.hpp"
#include "policy/explain.hpp"

namespace egress::daemon {

using Probe = std::function<Result<std::vector<kernel::ProbeResult>>(
    const std::vector<kernel::ProbeFlow>& flows, const std::vector<std::string>& watch,
    std::chrono::milliseconds patience)>;

struct Question {
  lab::Sender app{};
  policy::Flow flow{};
};

struct Verified {
  policy::Explanation explanation{};
  control::Observation observation{};
  std::vector<std::string> differences{};
};

class Verifier {
 public:
  explicit Verifier(Probe probe) : probe_(std::move(probe)) {}

  // One answer per question, in order.
  Result<std::vector<Verified>> verify(const policy::Network& network, const std::string& prefix,
                                       const std::vector<Question>& questions) const;

  // A source port from which the packet of a flow with the assumed port (policy::Flow) may be sent:
  // no rule of the lab tells the two apart, and no recent probe used it as long as there are
  // others. The kernel spares flows it has admitted before, so a port used again would tell
  // yesterday's verdict.
  uint16_t fresh_port(const lab::Lab& lab);

  // Every expectation of the network's lab, by analysis and with packets.
  Result<std::vector<control::TestResult>> test(const policy::Network& network,
                                                const std::string& prefix);

 private:
  Probe probe_;
  size_t fresh_ports_ = 0;  // given so far
};

}  // namespace egress::daemon
