// SPDX-License-Identifier: MIT
#pragma once

// Datagrams that a test sends and receives one by one, from either end of a flow.

#include <netinet/in.h>

#include <cstdint>
#include <string>

#include "base/ip.hpp"
#include "base/unique_fd.hpp"

namespace egress::testing_support {

class UdpSocket {
 public:
  // In a namespace under /run/netns, on every address there; the kernel chooses port 0's.
  explicit UdpSocket(const std::string& netns, uint16_t port = 0);

  void send(const std::string& text, Ipv4Address address, uint16_t port) const;
  // Back to whom the last datagram came from.
  void answer(const std::string& text) const;
  // The text of the next datagram; "nothing" after as long as only a hang takes.
  std::string receive();
  // Whether all that has come was received.
  bool empty() const;
  Ipv4Address peer() const;  // of the last datagram

 private:
  void send(const std::string& text, const sockaddr_in& to) const;

  UniqueFd fd_;
  sockaddr_in peer_{};
};

}  // namespace egress::testing_support
