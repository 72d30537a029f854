// SPDX-License-Identifier: MIT
#include "egress-host/udp_server.hpp"

#include <sys/socket.h>

#include <array>
#include <cstring>
#include <optional>

namespace egress::host {
namespace {

// Datagrams per wake-up, so that one busy port does not starve the others.
constexpr int kBatch = 64;

// A control message buffer with room for one in_pktinfo.
union PacketInfoBuffer {
  cmsghdr align;
  std::array<char, CMSG_SPACE(sizeof(in_pktinfo))> bytes;
};

std::optional<in_pktinfo> packet_info(msghdr& message) {
  for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr;
       header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level != IPPROTO_IP || header->cmsg_type != IP_PKTINFO) continue;
    in_pktinfo info{};
    std::memcpy(&info, CMSG_DATA(header), sizeof info);
    return info;
  }
  return std::nullopt;
}

}  // namespace

void UdpServer::answer_some() {
  for (int answered = 0; answered < kBatch; ++answered) {
    if (!answer_one()) return;
  }
}

bool UdpServer::answer_one() {
  sockaddr_in peer{};
  char payload = 0;  // what a client says does not matter; the kernel discards the rest
  iovec data{&payload, sizeof payload};
  PacketInfoBuffer control{};
  msghdr message{};
  message.msg_name = &peer;
  message.msg_namelen = sizeof peer;
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  message.msg_control = control.bytes.data();
  message.msg_controllen = control.bytes.size();
  if (::recvmsg(fd_.get(), &message, MSG_DONTWAIT) < 0) return false;

  const std::optional<in_pktinfo> received = packet_info(message);
  if (!received) return true;
  sockaddr_in local{};
  local.sin_family = AF_INET;
  local.sin_port = htons(port_.number);
  local.sin_addr = received->ipi_addr;
  std::string body = reply_of(speaker_, Protocol::kUdp, local, peer).text;
  data = {body.data(), body.size()};

  in_pktinfo from{};
  from.ipi_spec_dst = received->ipi_addr;
  cmsghdr* const header = CMSG_FIRSTHDR(&message);
  message.msg_controllen = control.bytes.size();
  header->cmsg_level = IPPROTO_IP;
  header->cmsg_type = IP_PKTINFO;
  header->cmsg_len = CMSG_LEN(sizeof from);
  std::memcpy(CMSG_DATA(header), &from, sizeof from);
  (void)::sendmsg(fd_.get(), &message, MSG_DONTWAIT);
  return true;
}

}  // namespace egress::host
