// SPDX-License-Identifier: MIT
#pragma once

// RAII over libuv. A handle's storage outlives its owner until libuv has closed it: the owner's
// destructor only requests the close, and the storage deletes itself in the close callback. So a
// callback may destroy the very object that called it. One thread; others are workers.hpp's.

#include <uv.h>

#include <chrono>
#include <functional>

#include "base/result.hpp"

namespace egress::uv {

class Loop {
 public:
  Loop();
  ~Loop();  // everything that uses the loop must be gone
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  void run() { uv_run(&loop_, UV_RUN_DEFAULT); }
  void stop() { uv_stop(&loop_); }
  uv_loop_t* get() { return &loop_; }

 private:
  uv_loop_t loop_{};
};

using Callback = std::function<void()>;

// The storage of one handle and what it calls.
template <typename Handle>
struct HandleBlock {
  Handle handle{};
  Callback callback{};
};

template <typename Handle>
class HandleOwner {
 public:
  explicit HandleOwner(Callback callback)
      : block_(new HandleBlock<Handle>{.callback = std::move(callback)}) {
    block_->handle.data = block_;
  }
  HandleOwner(HandleOwner&& other) noexcept : block_(std::exchange(other.block_, nullptr)) {}
  HandleOwner& operator=(HandleOwner&&) = delete;
  HandleOwner(const HandleOwner&) = delete;
  HandleOwner& operator=(const HandleOwner&) = delete;
  ~HandleOwner() {
    if (block_ == nullptr) return;
    uv_close(reinterpret_cast<uv_handle_t*>(&block_->handle),
             [](uv_handle_t* closed) { delete static_cast<HandleBlock<Handle>*>(closed->data); });
  }

  Handle* get() { return &block_->handle; }

 private:
  HandleBlock<Handle>* block_;
};

class Timer {
 public:
  Timer(Loop& loop, Callback callback);
  // Once, after `delay`; replaces an earlier start. At least a millisecond: libuv runs a timer
  // that is due again inside its own callback before it looks at anything else.
  void start(std::chrono::milliseconds delay);
  void stop();

 private:
  HandleOwner<uv_timer_t> handle_;
};

// Runs in every turn of the loop, after events have been served, and keeps it from sleeping.
class Idle {
 public:
  Idle(Loop& loop, Callback callback);
  void start();
  void stop();

 private:
  HandleOwner<uv_idle_t> handle_;
};

// Calls while `fd` is ready, once started; borrows the descriptor, which must outlive it.
class Poll {
 public:
  enum class For { kReading = UV_READABLE, kWriting = UV_WRITABLE };
  Poll(Loop& loop, int fd, Callback callback);
  void start(For what = For::kReading);  // replaces an earlier start
  void stop();

 private:
  HandleOwner<uv_poll_t> handle_;
};

class Signal {
 public:
  Signal(Loop& loop, int number, Callback callback);

 private:
  HandleOwner<uv_signal_t> handle_;
};

}  // namespace egress::uv
