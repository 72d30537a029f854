// SPDX-License-Identifier: MIT
#pragma once

// The provider of processes.

#include <map>
#include <optional>
#include <set>
#include <vector>

#include "kernel/held_netns.hpp"
#include "kernel/process/process_watch.hpp"
#include "kernel/process/processes.hpp"
#include "kernel/provider.hpp"

namespace egress::kernel {

// One of ours, by where it stands in what was observed.
struct ObservedProcess {
  state::ProcessRef place{};
  std::vector<ListedAttachment> attached{};
};

class ProcessProvider final : public Provider {
 public:
  ProcessProvider(HeldNetns& held, Processes processes)
      : held_(held), processes_(std::move(processes)), watch_(held.feed()) {}

  Status observe(state::KernelState& observed) override;
  bool provides(const state::Object& object) const override;
  Status apply(const state::Op& op) override;
  Status follow(const state::NetnsName& from, const state::NetnsName& to) override {
    return processes_.move_all(from, to);
  }

  const Processes& processes() const { return processes_; }
  // By the last observe().
  const std::vector<ObservedProcess>& observed() const { return observed_; }
  // Whether one of them has ended since.
  bool lost_one() const { return watch_.lost_one(); }

 private:
  void add_homeless(std::vector<RunningProcess>& running);
  void finish_move(RunningProcess& one, const NetnsHandle* place) const;

  HeldNetns& held_;
  Processes processes_;
  ProcessWatch watch_;
  std::vector<ObservedProcess> observed_{};
  std::optional<std::set<pid_t>> known_{};  // at the last observe(); none before the first
  std::map<state::ProcessRef, RunningProcess> homeless_{};
};

}  // namespace egress::kernel
