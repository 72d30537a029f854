// SPDX-License-Identifier: MIT
#include "tests/netns/connections.hpp"

#include <gtest/gtest.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <cerrno>

#include "tests/support/eventually.hpp"
#include "tests/support/live_flows.hpp"

namespace egress::kernel_tests {

using testing_support::kHang;

Connections::Connections(const std::string& netns, Ipv4Address address, uint16_t port,
                         size_t count) {
  const sockaddr_in there = testing_support::socket_address(address, port);
  const int tries = 1;  // to repeat the first packet, and then it is a time-out
  for (size_t i = 0; i < count; ++i) {
    sockets_.push_back(testing_support::socket_in(netns, SOCK_STREAM | SOCK_NONBLOCK));
    const int fd = sockets_.back().get();
    EXPECT_EQ(::setsockopt(fd, IPPROTO_TCP, TCP_SYNCNT, &tries, sizeof tries), 0);
    (void)::connect(fd, reinterpret_cast<const sockaddr*>(&there), sizeof there);
  }
}

Connections::Outcome Connections::outcome() {
  Outcome outcome;
  for (const UniqueFd& socket : sockets_) {
    pollfd polled{socket.get(), POLLOUT, 0};
    int error = 0;
    socklen_t size = sizeof error;
    EXPECT_EQ(::poll(&polled, 1, static_cast<int>(std::chrono::milliseconds(kHang).count())), 1);
    EXPECT_EQ(::getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &error, &size), 0);
    if (error == 0) made_.push_back(socket.get());
    outcome.made += error == 0 ? 1 : 0;
    outcome.timed_out += error == ETIMEDOUT ? 1 : 0;
  }
  return outcome;
}

void Connections::talk() const {
  for (const int fd : made_) EXPECT_EQ(::send(fd, "x", 1, 0), 1);
}

void Connections::close(By how) {
  const int fd = made_.back();
  made_.pop_back();
  const linger at_once{.l_onoff = how == By::kReset ? 1 : 0, .l_linger = 0};
  EXPECT_EQ(::setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once), 0);
  std::erase_if(sockets_, [&](const UniqueFd& socket) { return socket.get() == fd; });
}

std::ostream& operator<<(std::ostream& out, const Connections::Outcome& outcome) {
  return out << outcome.made << " made, " << outcome.timed_out << " timed out";
}

}  // namespace egress::kernel_tests
