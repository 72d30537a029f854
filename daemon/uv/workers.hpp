// SPDX-License-Identifier: MIT
#pragma once

// Work beside the loop, on libuv's threads: what only computes over values that nobody changes, and
// what opens sockets in a namespace by itself and returns from it (entering one is a property of
// the thread). The threads are born where the loop's owner is, take no signals, and do a few works
// at once; the rest waits in the order it came.

#include <uv.h>

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "base/memory.hpp"
#include "base/result.hpp"
#include "uv/loop.hpp"

namespace egress::uv {

class Workers {
 public:
  // `at_once` is at most the number of libuv's threads, four unless UV_THREADPOOL_SIZE says else.
  Workers(Loop& loop, size_t at_once);
  // What is under way is still ended, by ~Loop at the latest; nobody is told any more.
  ~Workers();
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;

  // `work` runs on a thread; then, on the loop's, `then` gets its Result, or an Error that names
  // `what` when memory ran out. Both may be copied. An exception in `then` ends there.
  template <typename Work, typename Then>
  void run(std::string what, Work work, Then then) {
    using Outcome = decltype(within_memory(what, work));
    auto outcome = std::make_shared<std::optional<Outcome>>();
    enqueue([what = std::move(what), work = std::move(work),
             outcome] { outcome->emplace(within_memory(what, work)); },
            [then = std::move(then), outcome] { then(std::move(**outcome)); });
  }

 private:
  struct Job;
  struct Queue;
  void enqueue(Callback work, Callback done);

  std::shared_ptr<Queue> queue_;
};

}  // namespace egress::uv
