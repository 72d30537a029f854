// SPDX-License-Identifier: MIT
#include "kernel/process/provider.hpp"

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include "kernel/process/stray.hpp"

namespace egress::kernel {

Status ProcessProvider::observe(state::KernelState& observed) {
  ASSIGN_OR_RETURN(std::vector<RunningProcess> running, processes_.list());
  add_homeless(running);
  RETURN_IF_ERROR(watch_.follow(running));
  observed_.clear();
  homeless_.clear();
  std::map<state::NetnsName, std::map<std::string, state::Process>> placed;
  for (RunningProcess& one : running) {
    const NetnsHandle* const place = held_.find(one.identity);
    finish_move(one, place);
    const bool is_there = one.complete && place != nullptr && *place->name() == one.netns;
    if (!is_there && place == nullptr && !held_.owner().owns_process(one.pid)) continue;
    const state::NetnsName netns = is_there ? one.netns : stray_name(one.netns);
    if (!is_there) observed[netns];
    if (one.homeless) homeless_[{netns, one.process.name}] = one;
    observed_.push_back({{netns, one.process.name}, std::move(one.attached)});
    placed[netns].emplace(one.process.name, one.process);
  }
  for (auto& [netns, there] : observed) {
    const auto& processes = placed[netns];
    if (std::as_const(there)->processes != processes) there->processes = processes;
  }
  return {};
}

// Who runs is found by its folder. All processes of the machine are looked at when one that was
// there is not, and once for those that an earlier daemon has started.
void ProcessProvider::add_homeless(std::vector<RunningProcess>& running) {
  std::set<pid_t> pids;
  for (const RunningProcess& one : running) pids.insert(one.pid);
  if (!known_ || !std::includes(pids.begin(), pids.end(), known_->begin(), known_->end())) {
    for (RunningProcess& one : processes_.homeless(running)) {
      pids.insert(one.pid);
      running.push_back(std::move(one));
    }
  }
  known_ = std::move(pids);
}

// A rename that was cut short has left one by a name that no namespace has any more.
void ProcessProvider::finish_move(RunningProcess& one, const NetnsHandle* place) const {
  if (place == nullptr || held_.find(one.netns) != nullptr || !one.complete) return;
  if (processes_.move(one.netns, *place->name(), one.process.name).ok()) one.netns = *place->name();
}

bool ProcessProvider::provides(const state::Object& object) const {
  return std::holds_alternative<state::Process>(object);
}

Status ProcessProvider::apply(const state::Op& op) {
  const auto& process = std::get<state::Process>(op.object);
  if (op.verb == state::Verb::kRemove) {
    const auto is_ours = [&](pid_t pid) { return held_.owner().owns_process(pid); };
    const auto homeless = homeless_.find({op.netns, process.name});
    if (homeless != homeless_.end()) return processes_.stop(homeless->second, is_ours);
    return processes_.stop(given_name(op.netns), process.name, is_ours);
  }
  ASSIGN_OR_RETURN(const NetnsHandle* const place, held_.get(op.netns));
  const ProcessPlace there{op.netns, place->fd(), place->identity()};
  if (op.verb == state::Verb::kChange) return processes_.reread(there, process);
  return processes_.start(there, process);
}

}  // namespace egress::kernel
