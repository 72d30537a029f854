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
#include "probe/probe.hpp"

namespace egress::probe {

using Send = std::function<Result<std::vector<ProbeResult>>(const std::vector<ProbeFlow>& flows,
                                                            const std::vector<std::string>& watch,
                                                            std::chrono::milliseconds patience)>;

struct Question {
  lab::Sender app{};
  policy::Flow flow{};
};

struct Verified {
  policy::Explanation explanation{};
  inspect::Observation observation{};
  std::vector<std::string> differences{};
};

class Verifier {
 public:
  explicit Verifier(Send send) : send_(std::move(send)) {}

  // One answer per question, in order.
  Result<std::vector<Verified>> verify(const policy::Network& network, const std::string& prefix,
                                       const std::vector<Question>& questions) const;

  // A source port from which the packet of a flow with the assumed port (policy::Flow) may be sent:
  // no rule of the lab tells the two apart, and no recent probe used it as long as there are
  // others. The kernel spares flows it has admitted before, so a port used again would tell
  // yesterday's verdict.
  uint16_t fresh_port(const lab::Lab& lab);

  // Every expectation of the network's lab, by analysis and with packets.
  Result<std::vector<inspect::TestResult>> test(const policy::Network& network,
                                                const std::string& prefix);

 private:
  uint16_t fresh_port(const std::vector<uint16_t>& ports);

  Send send_;
  std::atomic<size_t> fresh_ports_ = 0;  // given so far
};

}  // namespace egress::probe
