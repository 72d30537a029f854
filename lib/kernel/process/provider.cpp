// SPDX-License-Identifier: MIT
#include "kernel/process/provider.hpp"

#include <map>
#include <utility>
#include <vector>

namespace egress::kernel {
namespace {

// Ends the name of a namespace that nobody desires: under it stand processes that never got ready,
// are elsewhere, or whose namespace has lost its name, so that a pass ends them.
constexpr std::string_view kStray = "#stray";

}  // namespace

Status ProcessProvider::observe(state::KernelState& observed) {
  ASSIGN_OR_RETURN(const std::vector<RunningProcess> running, processes_.list());
  std::map<state::NetnsName, std::map<std::string, state::Process>> placed;
  for (const RunningProcess& one : running) {
    const NetnsHandle* const place = held_.find(one.identity);
    if (one.complete && place != nullptr && *place->name() == one.netns) {
      placed[one.netns].emplace(one.process.name, one.process);
    } else if (place != nullptr || held_.owner().owns_process(one.pid)) {
      const state::NetnsName stray = one.netns + std::string(kStray);
      observed[stray];
      placed[stray].emplace(one.process.name, one.process);
    }
  }
  for (auto& [netns, there] : observed) {
    const auto& processes = placed[netns];
    if (std::as_const(there)->processes != processes) there->processes = processes;
  }
  return {};
}

bool ProcessProvider::provides(const state::Object& object) const {
  return std::holds_alternative<state::Process>(object);
}

Status ProcessProvider::apply(const state::Op& op) {
  const auto& process = std::get<state::Process>(op.object);
  if (op.verb == state::Verb::kRemove) {
    const std::string_view netns = op.netns;
    return processes_.stop(
        std::string(netns.ends_with(kStray) ? netns.substr(0, netns.size() - kStray.size())
                                            : netns),
        process.name, [&](pid_t holder) { return held_.owner().owns_process(holder); });
  }
  ASSIGN_OR_RETURN(const NetnsHandle* const place, held_.get(op.netns));
  return processes_.start({op.netns, place->fd(), place->identity()}, process);
}

}  // namespace egress::kernel
