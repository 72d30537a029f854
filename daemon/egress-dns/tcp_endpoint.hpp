// SPDX-License-Identifier: MIT
#pragma once

// Connections to one address: queries with their length before them (RFC 7766), as many on a
// connection as the client likes, answered in the order in which the answers come. Bounded: 64
// connections, which end after ten idle seconds and behind which others wait; 16 queries of a
// connection under way, and no reading before their answers have been taken.

#include <map>
#include <memory>

#include "egress-dns/endpoint.hpp"
#include "uv/loop.hpp"

namespace egress::resolver {

class TcpEndpoint {
 public:
  TcpEndpoint(uv::Loop& loop, UniqueFd socket, Serve serve);
  ~TcpEndpoint();
  TcpEndpoint(const TcpEndpoint&) = delete;
  TcpEndpoint& operator=(const TcpEndpoint&) = delete;

 private:
  class Connection;
  void accept_waiting();
  void end(int number);

  uv::Loop& loop_;
  UniqueFd socket_;
  Serve serve_;
  std::map<int, std::shared_ptr<Connection>> connections_{};  // by the socket's number
  uv::Poll poll_;
  uv::Timer pause_;
};

}  // namespace egress::resolver
