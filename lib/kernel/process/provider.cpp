// SPDX-License-Identifier: MIT
#include "kernel/process/provider.hpp"

#include <map>
#include <optional>
#include <utility>
#include <vector>

namespace egress::kernel {
namespace {

// A responder whose namespace has lost its name: nobody desires this one, so a pass ends it.
constexpr const char* kUnnamed = "#unnamed";

}  // namespace

Status ProcessProvider::observe(state::KernelState& observed) {
  ASSIGN_OR_RETURN(const std::vector<RunningResponder> running, responders_.list());
  std::map<state::NetnsName, state::Responder> placed;
  for (const RunningResponder& one : running) {
    const NetnsHandle* const place = held_.find(one.identity);
    if (one.complete && place != nullptr) {
      placed[*place->name()] = one.responder;
    } else if (place != nullptr || held_.owner().owns_process(one.pid)) {
      const state::NetnsName unnamed = prefix_ + "-" + one.responder.host + kUnnamed;
      observed[unnamed];
      placed[unnamed] = one.responder;
    }
  }
  for (auto& [netns, there] : observed) {
    const auto found = placed.find(netns);
    const auto responder = found == placed.end() ? std::nullopt : std::optional(found->second);
    if (std::as_const(there)->responder != responder) there->responder = responder;
  }
  return {};
}

bool ProcessProvider::provides(const state::Object& object) const {
  return std::holds_alternative<state::Responder>(object);
}

Status ProcessProvider::apply(const state::Op& op) {
  const auto& responder = std::get<state::Responder>(op.object);
  if (op.verb == state::Verb::kRemove) {
    return responders_.stop(responder.host,
                            [&](pid_t holder) { return held_.owner().owns_process(holder); });
  }
  ASSIGN_OR_RETURN(const NetnsHandle* const place, held_.get(op.netns));
  return responders_.start({op.netns, place->fd(), place->identity()}, responder);
}

}  // namespace egress::kernel
