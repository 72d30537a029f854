// SPDX-License-Identifier: MIT
#include "egress-dns/udp_endpoint.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace egress::resolver {
namespace {

void set_mark(msghdr& message, MarkBuffer& buffer, uint32_t mark) {
  if (mark == 0) return;
  message.msg_control = buffer.bytes.data();
  message.msg_controllen = buffer.bytes.size();
  cmsghdr* const header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SO_MARK;
  header->cmsg_len = CMSG_LEN(sizeof mark);
  std::memcpy(CMSG_DATA(header), &mark, sizeof mark);
}

}  // namespace

void tell_marks(int socket) {
  const int on = 1;  // before Linux 5.19 there is no such thing: then all answers go out one way
  (void)::setsockopt(socket, SOL_SOCKET, SO_RCVMARK, &on, sizeof on);
}

Datagrams::Datagrams() {
  for (size_t index = 0; index < kMost; ++index) {
    parts_[index] = {bytes_[index].data(), bytes_[index].size()};
    headers_[index].msg_hdr.msg_name = &peers_[index];
    headers_[index].msg_hdr.msg_iov = &parts_[index];
    headers_[index].msg_hdr.msg_iovlen = 1;
  }
}

size_t Datagrams::receive(int socket) {
  for (size_t index = 0; index < kMost; ++index) {
    headers_[index].msg_hdr.msg_namelen = sizeof(sockaddr_in);
    headers_[index].msg_hdr.msg_control = marks_[index].bytes.data();
    headers_[index].msg_hdr.msg_controllen = marks_[index].bytes.size();
  }
  const int received = ::recvmmsg(socket, headers_.data(), kMost, MSG_DONTWAIT, nullptr);
  return received < 0 ? 0 : static_cast<size_t>(received);
}

std::span<const uint8_t> Datagrams::message(size_t index) const {
  return {bytes_[index].data(), headers_[index].msg_len};
}

Client Datagrams::client(size_t index) {
  Client client{.address = peers_[index]};
  msghdr& message = headers_[index].msg_hdr;
  for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr;
       header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SO_MARK) continue;
    std::memcpy(&client.mark, CMSG_DATA(header), sizeof client.mark);
  }
  return client;
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
           [this, client = datagrams_.client(index)](const dns::Message& message) {
             answer(client, message);
           });
  }
  in_turn_ = false;
  send_all();
}

void UdpEndpoint::answer(const Client& client, const dns::Message& message) {
  if (message.empty()) return;
  outgoing_.push_back({client, message});
  if (!in_turn_) send_all();
}

void UdpEndpoint::send_all() {
  std::array<iovec, Datagrams::kMost> parts{};
  std::array<MarkBuffer, Datagrams::kMost> marks{};
  std::array<mmsghdr, Datagrams::kMost> headers{};
  const size_t count = std::min(outgoing_.size(), headers.size());
  for (size_t index = 0; index < count; ++index) {
    Outgoing& outgoing = outgoing_[index];
    parts[index] = {outgoing.message.data(), outgoing.message.size()};
    headers[index].msg_hdr.msg_name = &outgoing.client.address;
    headers[index].msg_hdr.msg_namelen = sizeof outgoing.client.address;
    headers[index].msg_hdr.msg_iov = &parts[index];
    headers[index].msg_hdr.msg_iovlen = 1;
    set_mark(headers[index].msg_hdr, marks[index], outgoing.client.mark);
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
