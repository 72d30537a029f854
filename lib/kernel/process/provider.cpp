// SPDX-License-Identifier: MIT
#include "kernel/process/provider.hpp"

#include <utility>
#include <vector>

namespace egress::kernel {
namespace {

// A responder whose namespace has lost its name: nobody desires this one, so a pass ends it.
constexpr const char* kUnnamed = "#unnamed";

}  // namespace

Status ProcessProvider::observe(state::KernelState& observed) {
  ASSIGN_OR_RETURN(const std::vector<RunningResponder> running, responders_.list());
  for (const RunningResponder& one : running) {
    const NetnsHandle* const place = held_.find(one.identity);
    if (one.complete && place != nullptr) {
      observed[*place->name()].responder = one.responder;
    } else if (place != nullptr || held_.owner().owns_process(one.pid)) {
      observed[prefix_ + "-" + one.responder.host + kUnnamed].responder = one.responder;
    }
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
