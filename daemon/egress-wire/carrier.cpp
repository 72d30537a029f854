// SPDX-License-Identifier: MIT
#include "egress-wire/carrier.hpp"

#include <sys/epoll.h>

#include <algorithm>
#include <chrono>
#include <ctime>
#include <system_error>
#include <utility>

#include "egress-wire/priority.hpp"
#include "egress-wire/quiet_thread.hpp"
#include "kernel/tun/device.hpp"

namespace egress::wires {
namespace {

using wire::TimePoint;
using Clock = std::chrono::steady_clock;

constexpr size_t kLargestPacket = 65'536 + kernel::kTunHeaderBytes;
constexpr int kBatch = 256;  // packets of one queue before the next has its turn
constexpr int kEvents = 64;
constexpr uint32_t kBellNumber = UINT32_MAX;

uint32_t number_of(uint16_t wire, size_t half) {
  return uint32_t{wire} * 2 + static_cast<uint32_t>(half);
}

timespec until(TimePoint due) {
  const auto left = std::max<std::chrono::nanoseconds>(due - Clock::now(), {});
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(left);
  return {.tv_sec = seconds.count(), .tv_nsec = (left - seconds).count()};
}

Status add(const UniqueFd& epoll, int fd, uint32_t number) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u32 = number;
  if (::epoll_ctl(epoll.get(), EPOLL_CTL_ADD, fd, &event) == 0) return {};
  return Error::from_errno("wait for packets");
}

}  // namespace

Result<std::unique_ptr<Carrier>> Carrier::start(const Bulletin& bulletin, const Bell& judge,
                                                const Bell& control) try {
  ASSIGN_OR_RETURN(Bell bell, Bell::make());
  UniqueFd epoll(::epoll_create1(EPOLL_CLOEXEC));
  if (!epoll.valid()) return Error::from_errno("make an epoll descriptor");
  RETURN_IF_ERROR(add(epoll, bell.fd(), kBellNumber));
  return std::unique_ptr<Carrier>(
      new Carrier(bulletin, std::move(bell), std::move(epoll), judge, control));
} catch (const std::system_error& error) {
  return Error::from_errno("start a thread", error.code().value());
}

Carrier::Carrier(const Bulletin& bulletin, Bell bell, UniqueFd epoll, const Bell& judge,
                 const Bell& control)
    : parts_(bulletin),
      bell_(std::move(bell)),
      epoll_(std::move(epoll)),
      judge_(judge),
      control_(control),
      buffer_(kLargestPacket),
      lines_(settings::kMostWires),
      thread_(quiet_thread([this] { work(); })) {}

Carrier::~Carrier() {
  run([this] { stopped_ = true; });
  thread_.join();
}

void Carrier::run(const std::function<void()>& errand) {
  errand_.store(&errand, std::memory_order_release);
  bell_.ring();
  errand_.wait(&errand, std::memory_order_acquire);
}

void Carrier::place(Placement& placement) {
  run([&] {
    auto& line = lines_[placement.wire];
    if (!line) line = std::make_unique<Line>(parts_, placement.wire, *placement.tallies);
    const std::array<std::pair<int, int>, 2> ends = {
        {{placement.worker, placement.vnet}, {placement.vnet, placement.worker}}};
    for (size_t each = 0; each < 2; ++each) {
      Half& half = line->halves[each];
      poll(placement.wire, each, false);
      if (placement.replaces_delays) half.replace(placement.delays[each]);
      half.connect(ends[each].first, ends[each].second, placement.joins);
      const bool whole = placement.worker >= 0 && placement.vnet >= 0;
      poll(placement.wire, each, whole && !placement.held);
    }
    list_delayed();
  });
}

void Carrier::remove(uint16_t wire) {
  run([&] {
    for (size_t each = 0; each < 2; ++each) poll(wire, each, false);
    lines_[wire].reset();
    parts_.cache.forget(wire);
    list_delayed();
  });
}

settings::StepsTaken Carrier::step(uint16_t wire, int packets) {
  settings::StepsTaken taken;
  run([&] {
    Line& line = *lines_[wire];
    for (size_t each = 0; each < 2; ++each) {
      int& all = each == 0 ? taken.out : taken.in;
      int some = 0;
      Half::Read read = Half::Read::kMore;
      while (read == Half::Read::kMore && all < packets) {
        read = line.halves[each].carry(buffer_, packets - all, some);
        all += some;
      }
    }
  });
  return taken;
}

void Carrier::poll(uint16_t wire, size_t half, bool wanted) {
  Line* const line = lines_[wire].get();
  if (line == nullptr || line->polled[half] == wanted) return;
  const int fd = line->halves[half].from();
  if (wanted) {
    // Without memory for it, the kernel tells nothing: the end is there and carries nothing.
    line->polled[half] = add(epoll_, fd, number_of(wire, half)).ok();
  } else {
    (void)::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr);
    line->polled[half] = false;
  }
}

void Carrier::work() {
  prefer_thread();
  while (!stopped_) turn();
}

void Carrier::turn() {
  ++parts_.turn;
  std::array<epoll_event, kEvents> events;
  const timespec patience = next_due_ ? until(*next_due_) : timespec{};
  const int ready = ::epoll_pwait2(epoll_.get(), events.data(), kEvents,
                                   next_due_ ? &patience : nullptr, nullptr);
  parts_.answers.consume_all(
      [this](const Answer& answer) { parts_.cache.settle(answer.ticket, answer.standing); });
  for (int each = 0; each < ready; ++each) serve(events[static_cast<size_t>(each)].data.u32);
  release_due();
  tell_others();
  if (const auto* const errand = errand_.load(std::memory_order_acquire)) {
    (*errand)();
    release_due();
    tell_others();
    errand_.store(nullptr, std::memory_order_release);
    errand_.notify_one();
  }
}

void Carrier::serve(uint32_t number) {
  if (number == kBellNumber) {
    bell_.silence();
    was_rung_ = true;
    return;
  }
  const auto wire = static_cast<uint16_t>(number / 2);
  const size_t half = number % 2;
  int taken = 0;
  if (lines_[wire]->halves[half].carry(buffer_, kBatch, taken) == Half::Read::kGone) {
    poll(wire, half, false);
  }
}

void Carrier::list_delayed() {
  delayed_.clear();
  for (const auto& line : lines_) {
    if (!line) continue;
    for (Half& half : line->halves) {
      if (half.delays()) delayed_.push_back(&half);
    }
  }
}

void Carrier::release_due() {
  next_due_.reset();
  for (Half* const half : delayed_) {
    const auto due = half->release_due(Clock::now());
    if (due && (!next_due_ || *due < *next_due_)) next_due_ = due;
  }
}

// The judge rings when it has no room left for answers; now there is.
void Carrier::tell_others() {
  if (std::exchange(parts_.has_asked, false) || std::exchange(was_rung_, false)) judge_.ring();
  if (std::exchange(parts_.has_recorded, false)) control_.ring();
}

}  // namespace egress::wires
