// SPDX-License-Identifier: MIT
#pragma once

// Speakers that have learned what a test says.

#include <sys/eventfd.h>

#include <mutex>
#include <utility>

#include "base/unique_fd.hpp"
#include "kernel/kernel.hpp"

namespace egress::testing_support {

// Outlives the feeds that tell of it.
struct FakeSpeakers {
  std::mutex mutex{};
  kernel::SpeakerFeed::Speakers speakers{};
};

class FakeSpeakerFeed final : public kernel::SpeakerFeed {
 public:
  explicit FakeSpeakerFeed(std::shared_ptr<FakeSpeakers> told)
      : told_(std::move(told)), fd_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}
  int fd() const override { return fd_.get(); }
  Result<Speakers> read() override {
    const std::lock_guard<std::mutex> lock(told_->mutex);
    return told_->speakers;
  }

 private:
  std::shared_ptr<FakeSpeakers> told_;
  UniqueFd fd_;
};

}  // namespace egress::testing_support
