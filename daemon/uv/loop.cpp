// SPDX-License-Identifier: MIT
#include "uv/loop.hpp"

#include <algorithm>
#include <utility>

namespace egress::uv {

namespace {

template <typename Handle>
void call(Handle* handle) {
  static_cast<HandleBlock<Handle>*>(handle->data)->callback();
}

}  // namespace

Loop::Loop() {
  EG_CHECK(uv_loop_init(&loop_) == 0, "an event loop can be made");
}

Loop::~Loop() {
  uv_run(&loop_, UV_RUN_DEFAULT);  // the close callbacks of handles whose owners are gone
  EG_CHECK(uv_loop_close(&loop_) == 0, "no handle outlives its loop");
}

// libuv's init and start functions fail only for wrong arguments, and for descriptors that epoll
// refuses, which ours are not.
Timer::Timer(Loop& loop, Callback callback) : handle_(std::move(callback)) {
  uv_timer_init(loop.get(), handle_.get());
}

void Timer::start(std::chrono::milliseconds delay) {
  const auto milliseconds = static_cast<uint64_t>(std::max<int64_t>(1, delay.count()));
  uv_timer_start(handle_.get(), call<uv_timer_t>, milliseconds, 0);
}

void Timer::stop() {
  uv_timer_stop(handle_.get());
}

Idle::Idle(Loop& loop, Callback callback) : handle_(std::move(callback)) {
  uv_idle_init(loop.get(), handle_.get());
}

void Idle::start() {
  uv_idle_start(handle_.get(), call<uv_idle_t>);
}

void Idle::stop() {
  uv_idle_stop(handle_.get());
}

Poll::Poll(Loop& loop, int fd, Callback callback) : handle_(std::move(callback)) {
  EG_CHECK(uv_poll_init(loop.get(), handle_.get(), fd) == 0, "the descriptor can be polled");
}

void Poll::start(For what) {
  uv_poll_start(handle_.get(), static_cast<int>(what),
                [](uv_poll_t* handle, int /*status*/, int /*events*/) { call(handle); });
}

void Poll::stop() {
  uv_poll_stop(handle_.get());
}

Signal::Signal(Loop& loop, int number, Callback callback) : handle_(std::move(callback)) {
  uv_signal_init(loop.get(), handle_.get());
  EG_CHECK(
      uv_signal_start(
          handle_.get(), [](uv_signal_t* handle, int /*number*/) { call(handle); }, number) == 0,
      "the signal can be watched");
}

}  // namespace egress::uv
