// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <mutex>
#include <utility>

#include "kernel/kernel.hpp"

namespace egress::daemon {

// A feed that is closed although another thread has it: a log has one reader, so the next feed
// cannot be opened as long as the last one is there.
class WatchedFeed {
 public:
  explicit WatchedFeed(std::shared_ptr<kernel::FlowFeed> feed)
      : fd_(feed->fd()), feed_(std::move(feed)) {}

  int fd() const { return fd_; }  // until it is closed
  bool is_whole() const {
    const std::lock_guard lock(mutex_);
    return feed_ != nullptr && feed_->is_whole();
  }
  // kNotFound once it is closed.
  Result<kernel::FlowFeed::Batch> read(size_t most) {
    const std::lock_guard lock(mutex_);
    if (feed_ == nullptr) return Error{.code = Errc::kNotFound, .message = "the feed is closed"};
    return feed_->read(most);
  }
  // Waits for no more than one read, which does not block.
  void close() {
    const std::lock_guard lock(mutex_);
    feed_.reset();
  }

 private:
  const int fd_;
  mutable std::mutex mutex_{};
  std::shared_ptr<kernel::FlowFeed> feed_;
};

}  // namespace egress::daemon
