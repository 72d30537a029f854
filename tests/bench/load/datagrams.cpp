// SPDX-License-Identifier: MIT
// Datagrams: as many as go one way, so many a second, and the one that shows the way.

#include <sys/socket.h>
#include <sys/uio.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <thread>

#include "tests/bench/load/datagram_count.hpp"
#include "tests/bench/load/load.hpp"
#include "tests/bench/load/sockets.hpp"

namespace egress::load {
namespace {

constexpr int kTimeToLive = 64;
Result<Measured> send_all(const Cell& cell, const UniqueFd& socket) {
  const std::array<char, kDatagram> payload{};
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

// So that as many have gone as the time that has passed is worth.
Result<Measured> send_in_time(const Cell& cell, const UniqueFd& socket) {
  constexpr std::chrono::microseconds kRest{50};
  const std::array<char, kDatagram> payload{};
  Measured measured;
  const Clock::time_point start = Clock::now();
  Clock::duration passed{};
  while (passed < cell.share) {
    const auto us = std::chrono::duration_cast<std::chrono::microseconds>(passed).count();
    const uint64_t due = static_cast<uint64_t>(us) * kPacedRate / std::micro::den;
    for (; measured.sent < due; ++measured.sent) {
      if (send(socket.get(), payload.data(), payload.size(), 0) < 0) {
        return Error::from_errno("send a datagram");
      }
    }
    std::this_thread::sleep_for(kRest);
    passed = Clock::now() - start;
  }
  measured.seconds = passed;
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
  ASSIGN_OR_RETURN(const UniqueFd receiver, open_receiver(cell));
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

Result<Measured> paced(const Cell& cell) {
  ASSIGN_OR_RETURN(const UniqueFd receiver, open_receiver(cell));
  ASSIGN_OR_RETURN(const UniqueFd sender, open_datagram_in(cell.client_netns));
  RETURN_IF_ERROR(begin_connect(sender, cell.address, cell.port));
  uint64_t counted = 0;
  std::atomic<bool> ended = false;
  Server server(std::nullopt, [&] { return count(receiver, ended, counted); });
  auto measured = send_in_time(cell, sender);
  ended = true;
  RETURN_IF_ERROR(server.join());
  if (!measured.ok()) return measured;
  ASSIGN_OR_RETURN(const uint64_t late, take_late(receiver));
  measured->count = counted + late;
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
