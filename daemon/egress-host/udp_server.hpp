// SPDX-License-Identifier: MIT
#pragma once

// UDP ports: each datagram is answered with what arrived, from the very address it was sent to.
// Nothing is kept between datagrams; an answer that the kernel does not take at once is lost, as
// datagrams may be.

#include <string>
#include <utility>

#include "egress-host/reply.hpp"
#include "uv/loop.hpp"

namespace egress::host {

class UdpServer {
 public:
  // On a bound_socket(). `speaker` is borrowed and may change.
  UdpServer(uv::Loop& loop, const Speaker& speaker, Port port, UniqueFd fd)
      : speaker_(speaker),
        port_(port),
        fd_(std::move(fd)),
        poll_(loop, fd_.get(), [this] { answer_some(); }) {
    poll_.start();
  }
  UdpServer(const UdpServer&) = delete;
  UdpServer& operator=(const UdpServer&) = delete;

  int socket() const { return fd_.get(); }

 private:
  void answer_some();
  bool answer_one();

  const Speaker& speaker_;
  Port port_;
  UniqueFd fd_;
  uv::Poll poll_;
};

}  // namespace egress::host
