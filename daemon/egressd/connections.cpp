// SPDX-License-Identifier: MIT
#include "egressd/connections.hpp"

#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <cerrno>
#include <utility>

#include "kernel/high_fd.hpp"

namespace egress::daemon {

namespace {

constexpr int kSweepsPerPatience = 30;

// What has come and was not yet read is not the client's delay but ours.
bool has_unread_bytes(int socket) {
  int unread = 0;
  return ::ioctl(socket, FIONREAD, &unread) == 0 && unread > 0;
}

// The other end has closed at least its own direction: a request in parts will stay so.
bool has_said_all(int socket) {
  pollfd asked{.fd = socket, .events = POLLRDHUP, .revents = 0};
  return ::poll(&asked, 1, 0) == 1 && (asked.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0;
}

}  // namespace

Connections::Connections(uv::Loop& loop, const Clock& clock, UniqueFd listener,
                         ConnectionLimits limits, Admit admit)
    : clock_(clock),
      listener_(std::move(listener)),
      limits_(limits),
      admit_(std::move(admit)),
      poll_(loop, listener_.get(), [this] { accept_all(); }),
      timer_(loop, [this] { sweep(); }) {
  poll_.start();
}

void Connections::opened(int socket) {
  clients_[socket] = {State::kWaitedFor, clock_.monotonic()};
  schedule_sweep();
}

void Connections::closed(int socket) {
  clients_.erase(socket);
  poll_.start();
}

void Connections::being_answered(int socket) {
  const auto client = clients_.find(socket);
  if (client != clients_.end()) client->second.state = State::kBeingAnswered;
}

void Connections::waited_for(int socket) {
  const auto client = clients_.find(socket);
  if (client == clients_.end() || client->second.state == State::kCutOff) return;
  client->second = {State::kWaitedFor, clock_.monotonic()};
}

void Connections::accept_all() {
  while (clients_.size() < limits_.most) {
    if (!accept_one()) return;
  }
  // Room for the next one; the others stay in the listener's queue until closed() says it is there.
  poll_.stop();
  cut_off_longest_waiting();
}

bool Connections::accept_one() {
  UniqueFd low(::accept4(listener_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
  if (!low.valid() && (errno == EAGAIN || errno == ECONNABORTED || errno == EINTR)) return false;
  Result<UniqueFd> socket =
      low.valid() ? kernel::move_high(std::move(low)) : Error::from_errno("accept a client");
  if (socket.ok()) {
    admit_(std::move(*socket));
    return true;
  }
  // Out of descriptors: somebody has to go, and the listener stays readable until then.
  poll_.stop();
  cut_off_longest_waiting();
  schedule_sweep();
  return false;
}

// libmicrohttpd then finds the connection at its end and closes it.
void Connections::cut_off_longest_waiting() {
  auto longest = clients_.end();
  for (auto client = clients_.begin(); client != clients_.end(); ++client) {
    if (client->second.state != State::kWaitedFor) continue;
    if (longest == clients_.end() || client->second.since < longest->second.since) longest = client;
  }
  if (longest == clients_.end()) return;
  longest->second.state = State::kCutOff;
  ::shutdown(longest->first, SHUT_RDWR);
}

void Connections::sweep() {
  sweep_due_ = false;
  const auto now = clock_.monotonic();
  for (auto& [socket, client] : clients_) {
    if (client.state != State::kWaitedFor || has_unread_bytes(socket)) continue;
    if (now - client.since < limits_.patience && !has_said_all(socket)) continue;
    client.state = State::kCutOff;
    ::shutdown(socket, SHUT_RDWR);
  }
  if (clients_.size() < limits_.most) {
    poll_.start();
  } else {
    cut_off_longest_waiting();
  }
  if (!clients_.empty()) schedule_sweep();
}

void Connections::schedule_sweep() {
  if (std::exchange(sweep_due_, true)) return;
  timer_.start(limits_.patience / kSweepsPerPatience);
}

}  // namespace egress::daemon
