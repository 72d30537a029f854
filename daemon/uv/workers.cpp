// SPDX-License-Identifier: MIT
#include "uv/workers.hpp"

#include <pthread.h>

#include <csignal>
#include <deque>
#include <exception>

namespace egress::uv {

struct Workers::Job {
  uv_work_t request{};
  Callback work{};
  Callback done{};
  std::shared_ptr<Queue> queue{};
};

// Shared by the works under way, which may outlive the owner.
struct Workers::Queue {
  Loop& loop;
  const size_t at_once;
  std::deque<std::unique_ptr<Job>> waiting{};
  size_t running = 0;
  bool closed = false;

  void start_waiting() {
    while (running < at_once && !waiting.empty()) {
      Job* job = waiting.front().release();
      waiting.pop_front();
      ++running;
      job->request.data = job;
      // Fails for a missing function only.
      uv_queue_work(
          loop.get(), &job->request,
          [](uv_work_t* request) { static_cast<Job*>(request->data)->work(); },
          [](uv_work_t* request, int /*status*/) { end(static_cast<Job*>(request->data)); });
    }
  }

  static void end(Job* ended) {
    const std::unique_ptr<Job> job(ended);
    Queue& queue = *job->queue;
    --queue.running;
    if (queue.closed) return;
    try {
      job->done();
    } catch (const std::exception&) {
      // What was to be told is lost; who waits for it learns so when its callback goes.
    }
    queue.start_waiting();
  }
};

Workers::Workers(Loop& loop, size_t at_once)
    : queue_(std::make_shared<Queue>(Queue{.loop = loop, .at_once = at_once})) {
  // libuv makes its threads with the first work; they inherit what signals are blocked then.
  sigset_t all;
  sigset_t usual;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, &usual);
  enqueue([] {}, [] {});
  pthread_sigmask(SIG_SETMASK, &usual, nullptr);
}

Workers::~Workers() {
  queue_->closed = true;
  queue_->waiting.clear();
}

void Workers::enqueue(Callback work, Callback done) {
  auto job = std::make_unique<Job>();
  job->work = std::move(work);
  job->done = std::move(done);
  job->queue = queue_;
  queue_->waiting.push_back(std::move(job));
  queue_->start_waiting();
}

}  // namespace egress::uv
