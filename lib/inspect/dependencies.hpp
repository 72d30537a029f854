// SPDX-License-Identifier: MIT
#pragma once

// What an app needs of the network, and which of it the present rules, routes and names block: the
// flows that its site declares, those of the platform on its behalf (lab/platform_tasks.hpp), each
// by the lane of its class, and those that follow from its runtime (azure-facts 2.2.11).

#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "policy/explain.hpp"

namespace egress::inspect {

struct Dependency {
  std::string url{};  // empty: what should name the host does not
  std::string why{};  // "declared", "image pull", "PYTHON packages"
  std::optional<policy::Explanation> explanation{};
  std::string problem{};  // why there is no explanation
  // Whether there is an answer; nothing: the lab does not have what a runtime or the platform would
  // use.
  std::optional<bool> ok{};
};
// Who blocks one that is not ok and has an explanation.
policy::DecidedBy blocked_by(const Dependency& dependency);

// Declared ones first, then the platform's. kNotFound when there is no such app.
Result<std::vector<Dependency>> dependencies(const policy::Network& network,
                                             const lab::Sender& sender,
                                             const policy::AskUpstream& ask = nullptr);

}  // namespace egress::inspect
