// SPDX-License-Identifier: MIT
#pragma once

// UDP ports: each datagram is answered with what arrived, from the very address it was sent to.
// Nothing is kept between datagrams; an answer that the kernel does not take at once is lost, as
// datagrams may be.

#include <memory>
#include <string>

#include "egress-host/responder.hpp"
#include "uv/loop.hpp"

namespace egress::host {

class UdpServer {
 public:
  static Result<std::unique_ptr<UdpServer>> listen(uv::Loop& loop, const std::string& host,
                                                   Port port);
  UdpServer(const UdpServer&) = delete;
  UdpServer& operator=(const UdpServer&) = delete;

 private:
  UdpServer(uv::Loop& loop, std::string host, Port port, UniqueFd fd)
      : host_(std::move(host)),
        port_(port),
        fd_(std::move(fd)),
        poll_(loop, fd_.get(), [this] { answer_some(); }) {
    poll_.start();
  }
  void answer_some();
  bool answer_one();

  std::string host_;
  Port port_;
  UniqueFd fd_;
  uv::Poll poll_;
};

}  // namespace egress::host
