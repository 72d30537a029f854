// SPDX-License-Identifier: MIT
#pragma once

// Datagrams of one address. As many as have come are taken and answered at once, up to a number
// that leaves the other endpoints their turn; an answer that the kernel does not take is lost, as
// datagrams may be.

#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <vector>

#include "egress-dns/endpoint.hpp"
#include "uv/loop.hpp"

namespace egress::resolver {

// Answers on this socket get the marks of their questions, which say in the namespace of a machine
// by which way somebody came (compile/ways.hpp).
void tell_marks(int socket);

// A control message buffer with room for a mark.
union MarkBuffer {
  cmsghdr align;
  std::array<char, CMSG_SPACE(sizeof(uint32_t))> bytes;
};

struct Client {
  sockaddr_in address{};
  uint32_t mark = 0;
};

// Room for one turn; one is enough for all endpoints of a loop.
class Datagrams {
 public:
  static constexpr size_t kMost = 64;

  Datagrams();
  Datagrams(const Datagrams&) = delete;
  Datagrams& operator=(const Datagrams&) = delete;
  // Receives what is there now.
  size_t receive(int socket);
  std::span<const uint8_t> message(size_t index) const;
  Client client(size_t index);

 private:
  static constexpr size_t kLargest = 4'096;  // a larger query is cut, and so no query
  std::array<std::array<uint8_t, kLargest>, kMost> bytes_{};
  std::array<sockaddr_in, kMost> peers_{};
  std::array<MarkBuffer, kMost> marks_{};
  std::array<iovec, kMost> parts_{};
  std::array<mmsghdr, kMost> headers_{};
};

class UdpEndpoint {
 public:
  // Borrows `datagrams`.
  UdpEndpoint(uv::Loop& loop, UniqueFd socket, Datagrams& datagrams, Serve serve);
  UdpEndpoint(const UdpEndpoint&) = delete;
  UdpEndpoint& operator=(const UdpEndpoint&) = delete;

 private:
  struct Outgoing {
    Client client{};
    dns::Message message{};
  };
  void take_turn();
  void answer(const Client& client, const dns::Message& message);
  void send_all();

  UniqueFd socket_;
  Datagrams& datagrams_;
  Serve serve_;
  bool in_turn_ = false;
  std::vector<Outgoing> outgoing_{};
  uv::Poll poll_;
};

}  // namespace egress::resolver
