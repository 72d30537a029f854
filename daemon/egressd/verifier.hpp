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
  policy::AppInstance app{};
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
  Result<std::vector<Verified>> verify(const policy::Model& model, const std::string& prefix,
                                       const std::vector<Question>& questions) const;

  // A source port that no recent probe used: the kernel spares flows it has admitted before, so a
  // port used again would tell yesterday's verdict.
  uint16_t next_port();

  // Every expectation of the model's lab, by analysis and with packets.
  Result<std::vector<control::TestResult>> test(const policy::Model& model,
                                                const std::string& prefix);

 private:
  Probe probe_;
  uint16_t port_ = 0;
};

}  // namespace egress::daemon
