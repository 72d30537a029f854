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

namespace egress::inspect {

// What a flow URL says of a flow, from an app of the lab; the port it is sent from when one is
// given. kInvalid or kNotFound for a URL that means nothing in this lab.
Result<policy::Flow> flow_of(const lab::Lab& lab, const std::string& url,
                             std::optional<uint16_t> source_port);

// One result of `test`: the expectation as written, whether it holds, what differs, the decision.
struct TestResult {
  lab::Expectation expectation{};
  std::vector<std::string> differences{};
  policy::Flow flow{};
  std::optional<policy::Explanation> explanation{};  // empty when the flow has no meaning
};

// Every expectation of the network's lab, in order. `source_port` is asked once for each; null: the
// assumed port (policy::Flow).
std::vector<TestResult> test(const policy::Network& network,
                             const std::function<uint16_t()>& source_port = nullptr);

}  // namespace egress::inspect
