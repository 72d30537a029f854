// SPDX-License-Identifier: MIT
#pragma once

// A lab's expectations against decisions.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "policy/explain.hpp"
#include "policy/network.hpp"
#include "policy/platform/report.hpp"

namespace egress::inspect {

// What becomes of a flow that is written as a URL. `source_port` when one is given, else the
// assumed one (policy::Flow). kInvalid or kNotFound for a URL or a sender that means nothing in
// this lab.
Result<policy::Explanation> explain_url(const policy::Network& network,
                                        const policy::Sender& sender, const std::string& url,
                                        std::optional<uint16_t> source_port,
                                        const policy::AskUpstream& ask = nullptr);

// One result of `test`: the expectation as written, whether it holds, what differs, and what was
// found: the explanation of a flow, the resolution of a name, or the predicted start. None when it
// has no meaning.
struct TestResult {
  lab::Expectation expectation{};
  std::vector<std::string> differences{};
  std::optional<policy::Explanation> explanation{};
  std::optional<policy::Resolution> resolution{};
  std::optional<policy::PlatformReport> startup{};
};

// Every expectation of the network's lab, in order. `source_port` is asked once for each; null: the
// assumed port. Without `ask` no real server is asked.
std::vector<TestResult> test(const policy::Network& network,
                             const std::function<uint16_t()>& source_port = nullptr,
                             const policy::AskUpstream& ask = nullptr);

}  // namespace egress::inspect
