// SPDX-License-Identifier: MIT
#include "tests/support/udp_socket.hpp"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <array>

#include "tests/support/eventually.hpp"
#include "tests/support/live_flows.hpp"

namespace egress::testing_support {

UdpSocket::UdpSocket(const std::string& netns, uint16_t port) : fd_(socket_in(netns, SOCK_DGRAM)) {
  const timeval patience{.tv_sec = kHang.count(), .tv_usec = 0};
  EXPECT_EQ(::setsockopt(fd_.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience), 0);
  const sockaddr_in here = socket_address({}, port);
  EXPECT_EQ(::bind(fd_.get(), reinterpret_cast<const sockaddr*>(&here), sizeof here), 0);
}

void UdpSocket::send(const std::string& text, Ipv4Address address, uint16_t port) const {
  send(text, socket_address(address, port));
}

void UdpSocket::answer(const std::string& text) const {
  send(text, peer_);
}

void UdpSocket::send(const std::string& text, const sockaddr_in& to) const {
  EXPECT_EQ(::sendto(fd_.get(), text.data(), text.size(), 0, reinterpret_cast<const sockaddr*>(&to),
                     sizeof to),
            static_cast<ssize_t>(text.size()));
}

std::string UdpSocket::receive() {
  std::array<char, 512> text{};
  socklen_t size = sizeof peer_;
  const ssize_t got = ::recvfrom(fd_.get(), text.data(), text.size(), 0,
                                 reinterpret_cast<sockaddr*>(&peer_), &size);
  return got < 0 ? "nothing" : std::string(text.data(), static_cast<size_t>(got));
}

bool UdpSocket::empty() const {
  char byte = 0;
  return ::recv(fd_.get(), &byte, sizeof byte, MSG_PEEK | MSG_DONTWAIT) < 0;
}

Ipv4Address UdpSocket::peer() const {
  return {ntohl(peer_.sin_addr.s_addr)};
}

}  // namespace egress::testing_support
