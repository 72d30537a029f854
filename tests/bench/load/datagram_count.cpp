// SPDX-License-Identifier: MIT
#include "tests/bench/load/datagram_count.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <array>
#include <cerrno>
#include <thread>

#include "tests/bench/load/sockets.hpp"

namespace egress::load {
namespace {

constexpr size_t kBatch = 64;
constexpr int kReceiveBuffer = 16 << 20;
constexpr int kLateMilliseconds = 200;
// The receiver looks at its queue now and then: to wake one that waits for each datagram would be
// work of the sender's that is no part of the path.
constexpr std::chrono::microseconds kPause{500};

}  // namespace

Result<UniqueFd> open_receiver(const Cell& cell) {
  ASSIGN_OR_RETURN(UniqueFd receiver, open_datagram_in(cell.server_netns));
  // Only root may ask for more than the machine's limit, which is enough for a pause.
  if (!set_option(receiver, SOL_SOCKET, SO_RCVBUFFORCE, kReceiveBuffer, "buffer size").ok()) {
    RETURN_IF_ERROR(set_option(receiver, SOL_SOCKET, SO_RCVBUF, kReceiveBuffer, "buffer size"));
  }
  RETURN_IF_ERROR(bind_any(receiver, cell.port));
  return receiver;
}

Result<uint64_t> take(const UniqueFd& socket) {
  static thread_local std::array<std::array<char, kDatagram>, kBatch> payloads;
  std::array<iovec, kBatch> buffers{};
  std::array<mmsghdr, kBatch> messages{};
  for (size_t i = 0; i < kBatch; ++i) {
    buffers[i] = {payloads[i].data(), kDatagram};
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

Result<uint64_t> take_late(const UniqueFd& socket) {
  uint64_t all = 0;
  pollfd arrives{.fd = socket.get(), .events = POLLIN, .revents = 0};
  do {
    ASSIGN_OR_RETURN(const uint64_t taken, take(socket));
    all += taken;
  } while (::poll(&arrives, 1, kLateMilliseconds) > 0);
  return all;
}

}  // namespace egress::load
