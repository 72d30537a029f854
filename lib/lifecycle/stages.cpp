// SPDX-License-Identifier: MIT
#include "lifecycle/stages.hpp"

#include <algorithm>

namespace egress::lifecycle {

std::optional<std::string> next_to_move(const State& state) {
  const auto found = std::find_if(state.instances.begin(), state.instances.end(),
                                  [](const auto& plan) { return plan.second.outgoing; });
  if (found == state.instances.end()) return std::nullopt;
  return found->first;
}

Result<State> moved_on(const State& state, const std::string& server_farm) {
  State next = state;
  const auto plan = next.instances.find(server_farm);
  if (plan == next.instances.end() || !plan->second.outgoing) {
    return Error{.code = Errc::kNotFound,
                 .message = "plan '" + server_farm + "' has no instances that are to go"};
  }
  auto& outgoing = plan->second.outgoing;
  if (outgoing->serve) {
    outgoing->serve = false;
  } else {
    outgoing.reset();
  }
  return next;
}

}  // namespace egress::lifecycle
