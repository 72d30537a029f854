// SPDX-License-Identifier: MIT
#include "egress-dns/udp_endpoint.hpp"

#include <algorithm>
#include <utility>

namespace egress::resolver {

Datagrams::Datagrams() {
  for (size_t index = 0; index < kMost; ++index) {
    parts_[index] = {bytes_[index].data(), bytes_[index].size()};
    headers_[index].msg_hdr.msg_name = &peers_[index];
    headers_[index].msg_hdr.msg_iov = &parts_[index];
    headers_[index].msg_hdr.msg_iovlen = 1;
  }
}

size_t Datagrams::receive(int socket) {
  for (mmsghdr& header : headers_) header.msg_hdr.msg_namelen = sizeof(sockaddr_in);
  const int received = ::recvmmsg(socket, headers_.data(), kMost, MSG_DONTWAIT, nullptr);
  return received < 0 ? 0 : static_cast<size_t>(received);
}

std::span<const uint8_t> Datagrams::message(size_t index) const {
  return {bytes_[index].data(), headers_[index].msg_len};
}

UdpEndpoint::UdpEndpoint(uv::Loop& loop, UniqueFd socket, Datagrams& datagrams, Serve serve)
    : socket_(std::move(socket)),
      datagrams_(datagrams),
      serve_(std::move(serve)),
      poll_(loop, socket_.get(), [this] { take_turn(); }) {
  poll_.start();
}

void UdpEndpoint::take_turn() {
  const size_t received = datagrams_.receive(socket_.get());
  in_turn_ = true;
  for (size_t index = 0; index < received; ++index) {
    serve_(datagrams_.message(index), dns::Transport::kUdp,
           [this, peer = datagrams_.peer(index)](const dns::Message& message) {
             answer(peer, message);
           });
  }
  in_turn_ = false;
  send_all();
}

void UdpEndpoint::answer(const sockaddr_in& peer, const dns::Message& message) {
  if (message.empty()) return;
  outgoing_.push_back({peer, message});
  if (!in_turn_) send_all();
}

void UdpEndpoint::send_all() {
  std::array<iovec, Datagrams::kMost> parts{};
  std::array<mmsghdr, Datagrams::kMost> headers{};
  const size_t count = std::min(outgoing_.size(), headers.size());
  for (size_t index = 0; index < count; ++index) {
    Outgoing& outgoing = outgoing_[index];
    parts[index] = {outgoing.message.data(), outgoing.message.size()};
    headers[index].msg_hdr.msg_name = &outgoing.peer;
    headers[index].msg_hdr.msg_namelen = sizeof outgoing.peer;
    headers[index].msg_hdr.msg_iov = &parts[index];
    headers[index].msg_hdr.msg_iovlen = 1;
  }
  for (size_t sent = 0; sent < count;) {
    const int taken = ::sendmmsg(socket_.get(), &headers[sent], static_cast<unsigned>(count - sent),
                                 MSG_DONTWAIT);
    // The first one was refused: an error of its own, or no room.
    sent += taken > 0 ? static_cast<size_t>(taken) : 1;
  }
  outgoing_.clear();
}

}  // namespace egress::resolver
