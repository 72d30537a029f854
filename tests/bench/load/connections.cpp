// SPDX-License-Identifier: MIT
// Short connections, several at a time, closed as ordinary programs close them: the client first,
// with FIN, so that it keeps them in TIME_WAIT. Who measures again makes the connection tracking on
// the way forget them first, or later cells look them up among ever more dead ones.

#include <sys/epoll.h>
#include <sys/socket.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <map>
#include <vector>

#include "tests/bench/load/load.hpp"
#include "tests/bench/load/sockets.hpp"

namespace egress::load {
namespace {

constexpr int kEvents = 64;
constexpr int kTickMilliseconds = 10;  // how soon a loop notices its end with nothing to do
constexpr int kPatienceMilliseconds = 2000;

class Poll {
 public:
  static Result<Poll> open() {
    UniqueFd fd(epoll_create1(EPOLL_CLOEXEC));
    if (!fd.valid()) return Error::from_errno("open epoll");
    return Poll(std::move(fd));
  }

  Status watch(int operation, int fd, uint32_t events, uint64_t key) {
    epoll_event event{};
    event.events = events;
    event.data.u64 = key;
    if (epoll_ctl(fd_.get(), operation, fd, &event) != 0) return Error::from_errno("watch");
    return {};
  }

  Result<int> wait(int milliseconds) {
    const int ready = epoll_wait(fd_.get(), events_.data(), kEvents, milliseconds);
    if (ready < 0) return Error::from_errno("wait");
    return ready;
  }
  const epoll_event& event(int index) const { return events_[static_cast<size_t>(index)]; }

 private:
  explicit Poll(UniqueFd fd) : fd_(std::move(fd)) {}
  UniqueFd fd_;
  std::array<epoll_event, kEvents> events_{};
};

// Answers every connection's byte and closes when the client has.
class Answerer {
 public:
  static Result<Answerer> open(const Cell& cell) {
    ASSIGN_OR_RETURN(Poll poll, Poll::open());
    Answerer answerer(std::move(poll));
    for (uint16_t i = 0; i < kPorts; ++i) {
      const auto port = static_cast<uint16_t>(cell.port + i);
      ASSIGN_OR_RETURN(UniqueFd listener, listen_in(cell.server_netns, port, Blocking::kNo));
      const int fd = listener.get();
      RETURN_IF_ERROR(answerer.poll_.watch(EPOLL_CTL_ADD, fd, EPOLLIN, key_of(fd)));
      answerer.listeners_[fd] = std::move(listener);
    }
    return answerer;
  }

  Status run(const std::atomic<bool>& ended) {
    while (!ended.load(std::memory_order_relaxed)) {
      ASSIGN_OR_RETURN(const int ready, poll_.wait(kTickMilliseconds));
      for (int i = 0; i < ready; ++i) {
        const auto fd = static_cast<int>(poll_.event(i).data.u64);
        RETURN_IF_ERROR(listeners_.count(fd) != 0 ? take(fd) : answer(fd));
      }
    }
    return {};
  }

 private:
  explicit Answerer(Poll poll) : poll_(std::move(poll)) {}
  static uint64_t key_of(int fd) { return static_cast<uint64_t>(fd); }

  Status take(int listener) {
    while (true) {
      UniqueFd socket(accept4(listener, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
      if (!socket.valid()) {
        if (errno == EAGAIN) return {};
        return Error::from_errno("accept");
      }
      const int fd = socket.get();
      RETURN_IF_ERROR(poll_.watch(EPOLL_CTL_ADD, fd, EPOLLIN, key_of(fd)));
      sockets_[fd] = std::move(socket);
    }
  }

  Status answer(int fd) {
    char byte = 0;
    const ssize_t got = recv(fd, &byte, 1, 0);
    if (got < 0 && errno == EAGAIN) return {};
    // A reset is how the last ones end, which the client drops unfinished.
    if (got <= 0) {
      sockets_.erase(fd);
      return {};
    }
    if (send(fd, &byte, 1, MSG_NOSIGNAL) != 1) return Error::from_errno("answer");
    return {};
  }

  Poll poll_;
  std::map<int, UniqueFd> listeners_{};
  std::map<int, UniqueFd> sockets_{};
};

class Caller {
 public:
  static Result<Caller> open(const Cell& cell) {
    ASSIGN_OR_RETURN(Poll poll, Poll::open());
    return Caller(cell, std::move(poll));
  }

  Result<Measured> run() {
    for (size_t call = 0; call < calls_.size(); ++call) RETURN_IF_ERROR(begin(call));
    Measured measured;
    Stopwatch stopwatch(cell_, CLOCK_PROCESS_CPUTIME_ID);
    while (stopwatch.running()) {
      ASSIGN_OR_RETURN(const int ready, poll_.wait(kPatienceMilliseconds));
      if (ready == 0) return Error{.code = Errc::kKernel, .message = "no connection got on"};
      for (int i = 0; i < ready; ++i) {
        ASSIGN_OR_RETURN(const bool done, get_on(poll_.event(i).data.u64));
        if (done) ++measured.count;
      }
    }
    stopwatch.stop(measured);
    measured.sent = measured.count;
    return measured;
  }

 private:
  struct Call {
    UniqueFd socket{};
    bool asked = false;
  };

  Caller(const Cell& cell, Poll poll) : cell_(cell), poll_(std::move(poll)), calls_(kInFlight) {}

  Status begin(size_t number) {
    Call& call = calls_[number];
    ASSIGN_OR_RETURN(call.socket, open_stream(Blocking::kNo));
    call.asked = false;
    const auto port = static_cast<uint16_t>(cell_.port + number % kPorts);
    RETURN_IF_ERROR(begin_connect(call.socket, cell_.address, port));
    return poll_.watch(EPOLL_CTL_ADD, call.socket.get(), EPOLLOUT, number);
  }

  // True when the call is done and the next one has begun in its place.
  Result<bool> get_on(size_t number) {
    Call& call = calls_[number];
    char byte = 'x';
    if (!call.asked) {
      if (send(call.socket.get(), &byte, 1, MSG_NOSIGNAL) != 1) return Error::from_errno("request");
      call.asked = true;
      RETURN_IF_ERROR(poll_.watch(EPOLL_CTL_MOD, call.socket.get(), EPOLLIN, number));
      return false;
    }
    if (recv(call.socket.get(), &byte, 1, 0) != 1) return Error::from_errno("receive an answer");
    call.socket.reset();
    RETURN_IF_ERROR(begin(number));
    return true;
  }

  const Cell& cell_;
  Poll poll_;
  std::vector<Call> calls_;
};

}  // namespace

Result<Measured> connections(const Cell& cell) {
  RETURN_IF_ERROR(pin(cell.cpu));
  ASSIGN_OR_RETURN(Answerer answerer, Answerer::open(cell));
  ASSIGN_OR_RETURN(const auto scope, enter(cell.client_netns));
  ASSIGN_OR_RETURN(Caller caller, Caller::open(cell));
  std::atomic<bool> ended = false;
  Server server(cell.cpu, [&] { return answerer.run(ended); });
  auto measured = caller.run();
  ended = true;
  RETURN_IF_ERROR(server.join());
  return measured;
}

}  // namespace egress::load
