// SPDX-License-Identifier: MIT
#pragma once

// A feed of what a test says.

#include <sys/eventfd.h>

#include <algorithm>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <set>
#include <utility>

#include "kernel/kernel.hpp"

namespace egress::testing_support {

class FakeFlowFeed final : public kernel::FlowFeed {
 public:
  FakeFlowFeed(std::set<state::NetnsName> flows, std::set<state::NetnsName> drops, bool whole)
      : flows_of(std::move(flows)),
        drops_of(std::move(drops)),
        whole_(whole),
        readable_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

  int fd() const override { return readable_.get(); }

  Result<Batch> read(size_t most) override {
    const std::lock_guard lock(mutex_);
    if (fault_) return *std::exchange(fault_, std::nullopt);
    Batch batch{.lost = std::exchange(lost_, 0)};
    const auto end = waiting_.begin() + static_cast<ptrdiff_t>(std::min(most, waiting_.size()));
    batch.events.assign(waiting_.begin(), end);
    waiting_.erase(waiting_.begin(), end);
    uint64_t count = 0;
    if (waiting_.empty()) (void)!::read(readable_.get(), &count, sizeof(count));
    return batch;
  }

  bool is_whole() const override { return whole_; }

  // What happens in a namespace that it does not tell of is not told.
  void tell(const Event& event) {
    const auto& told = std::holds_alternative<state::TrackedFlow>(event.what) ? flows_of : drops_of;
    const std::lock_guard lock(mutex_);
    if (told.count(event.netns) == 0) return;
    waiting_.push_back(event);
    wake();
  }
  void lose(uint64_t count) {
    const std::lock_guard lock(mutex_);
    lost_ += count;
    wake();
  }
  void fail(const Error& fault) {
    const std::lock_guard lock(mutex_);
    fault_ = fault;
    wake();
  }

  const std::set<state::NetnsName> flows_of;
  const std::set<state::NetnsName> drops_of;

 private:
  void wake() const {
    const uint64_t one = 1;
    (void)!::write(readable_.get(), &one, sizeof(one));
  }

  const bool whole_;
  std::mutex mutex_{};
  std::deque<Event> waiting_{};
  uint64_t lost_ = 0;
  std::optional<Error> fault_{};
  UniqueFd readable_;
};

}  // namespace egress::testing_support
