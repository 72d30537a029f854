// SPDX-License-Identifier: MIT
// Datagrams: as many as go one way, and the one that shows the way.

#include <sys/socket.h>
#include <sys/uio.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <thread>

#include "tests/bench/load/load.hpp"
#include "tests/bench/load/sockets.hpp"

namespace egress::load {
namespace {

constexpr size_t kPayload = 18;
constexpr size_t kBatch = 64;
constexpr int kReceiveBuffer = 16 << 20;
constexpr int kTimeToLive = 64;
// The receiver looks at its queue now and then: to wake one that waits for each datagram would be
// work of the sender's that is no part of the path.
constexpr std::chrono::microseconds kPause{500};

// Takes what has arrived; the number of datagrams.
Result<uint64_t> take(const UniqueFd& socket) {
  static thread_local std::array<std::array<char, kPayload>, kBatch> payloads;
  std::array<iovec, kBatch> buffers{};
  std::array<mmsghdr, kBatch> messages{};
  for (size_t i = 0; i < kBatch; ++i) {
    buffers[i] = {payloads[i].data(), kPayload};
    messages[i].msg_hdr.msg_iov = &buffers[i];
    messages[i].msg_hdr.msg_iovlen = 1;
  }
  uint64_t taken = 0;
  while (true) {
    const int got = recvmmsg(socket.get(), messages.data(), kBatch, MSG_DONTWAIT, nullptr);
    if (got < 0 && errno != EAGAIN) return Error::from_errno("receive datagrams");
    if (got <= 0) return taken;
    taken += static_cast<uint64_t>(got);
  }
}

Status count(const UniqueFd& socket, const std::atomic<bool>& ended, uint64_t& counted) {
  while (!ended.load(std::memory_order_relaxed)) {
    ASSIGN_OR_RETURN(const uint64_t taken, take(socket));
    counted += taken;
    std::this_thread::sleep_for(kPause);
  }
  return {};
}

Result<Measured> send_all(const Cell& cell, const UniqueFd& socket) {
  const std::array<char, kPayload> payload{};
  Measured measured;
  Stopwatch stopwatch(cell, CLOCK_THREAD_CPUTIME_ID);
  while (stopwatch.running()) {
    if (send(socket.get(), payload.data(), payload.size(), 0) < 0) {
      return Error::from_errno("send a datagram");
    }
    ++measured.sent;
  }
  stopwatch.stop(measured);
  return measured;
}

struct Received {
  sockaddr_in from{};
  int time_to_live = 0;
};

Result<Received> receive_one(const UniqueFd& socket) {
  Received received;
  char byte = 0;
  iovec buffer{&byte, 1};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
  msghdr message{};
  message.msg_name = &received.from;
  message.msg_namelen = sizeof(received.from);
  message.msg_iov = &buffer;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  if (recvmsg(socket.get(), &message, 0) < 0) return Error::from_errno("receive a datagram");
  const cmsghdr* about = CMSG_FIRSTHDR(&message);
  if (about == nullptr || about->cmsg_type != IP_TTL) {
    return Error{.code = Errc::kUnsupported, .message = "no time to live came with the datagram"};
  }
  received.time_to_live = *reinterpret_cast<const int*>(CMSG_DATA(about));
  return received;
}

Result<UniqueFd> open_looking(const std::string& netns) {
  ASSIGN_OR_RETURN(UniqueFd socket, open_datagram_in(netns));
  RETURN_IF_ERROR(set_option(socket, IPPROTO_IP, IP_TTL, kTimeToLive, "set the time to live"));
  RETURN_IF_ERROR(set_option(socket, IPPROTO_IP, IP_RECVTTL, 1, "ask for the time to live"));
  return socket;
}

}  // namespace

Result<Measured> datagrams(const Cell& cell) {
  RETURN_IF_ERROR(pin(cell.cpu));
  ASSIGN_OR_RETURN(const UniqueFd receiver, open_datagram_in(cell.server_netns));
  // Only root may ask for more than the machine's limit, which is enough for a pause.
  if (!set_option(receiver, SOL_SOCKET, SO_RCVBUFFORCE, kReceiveBuffer, "buffer size").ok()) {
    RETURN_IF_ERROR(set_option(receiver, SOL_SOCKET, SO_RCVBUF, kReceiveBuffer, "buffer size"));
  }
  RETURN_IF_ERROR(bind_any(receiver, cell.port));
  ASSIGN_OR_RETURN(const UniqueFd sender, open_datagram_in(cell.client_netns));
  RETURN_IF_ERROR(begin_connect(sender, cell.address, cell.port));
  uint64_t counted = 0;
  std::atomic<bool> ended = false;
  Server server(cell.cpu, [&] { return count(receiver, ended, counted); });
  auto measured = send_all(cell, sender);
  ended = true;
  RETURN_IF_ERROR(server.join());
  if (!measured.ok()) return measured;
  ASSIGN_OR_RETURN(const uint64_t left, take(receiver));
  measured->count = counted + left;
  return measured;
}

Result<Seen> look(const Cell& cell) {
  ASSIGN_OR_RETURN(const UniqueFd server, open_looking(cell.server_netns));
  RETURN_IF_ERROR(bind_any(server, cell.port));
  ASSIGN_OR_RETURN(const UniqueFd client, open_looking(cell.client_netns));
  RETURN_IF_ERROR(begin_connect(client, cell.address, cell.port));
  const char byte = 'x';
  if (send(client.get(), &byte, 1, 0) != 1) return Error::from_errno("send");
  ASSIGN_OR_RETURN(const Received there, receive_one(server));
  if (sendto(server.get(), &byte, 1, 0, reinterpret_cast<const sockaddr*>(&there.from),
             sizeof(there.from)) != 1) {
    return Error::from_errno("answer");
  }
  ASSIGN_OR_RETURN(const Received back, receive_one(client));
  return Seen{.source = {ntohl(there.from.sin_addr.s_addr)},
              .hops_there = kTimeToLive - there.time_to_live,
              .hops_back = kTimeToLive - back.time_to_live};
}

}  // namespace egress::load
