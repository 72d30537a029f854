// SPDX-License-Identifier: MIT
#pragma once

// Traffic that runs on its own threads while a test does something to the lab under it: a flow of
// small UDP packets, and a TCP connection that carries a pattern in which every byte counts.

#include <netinet/in.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <thread>

#include "base/ip.hpp"
#include "base/unique_fd.hpp"

namespace egress::testing_support {

// From one namespace to a socket of its own in another, which has `address`.
struct Endpoints {
  std::string from{};
  std::string to{};
  Ipv4Address address{};
  uint16_t port = 0;
};

// A socket of `type` (SOCK_DGRAM, SOCK_STREAM with flags) in a namespace under /run/netns.
UniqueFd socket_in(const std::string& netns, int type);
sockaddr_in socket_address(Ipv4Address address, uint16_t port);
// A stream socket at the far end of `ends` that takes connections.
UniqueFd listener_at(const Endpoints& ends);

// Packets that a starved machine dropped between two interfaces, before any rule or route saw them,
// and in front of TUN devices of any namespace, before anybody came to read them.
uint64_t dropped_by_queues();

// What both kinds have: a socket and a thread at either end, and counts that stand after stop().
class LiveFlow {
 public:
  LiveFlow(const LiveFlow&) = delete;
  LiveFlow& operator=(const LiveFlow&) = delete;

  // Ends it. Whatever is still under way has come then.
  void stop();

  uint64_t sent() const { return sent_; }
  uint64_t received() const { return received_; }

 protected:
  LiveFlow() = default;
  ~LiveFlow() = default;
  // Until `stop_` is set, each on a thread of its own.
  void start(std::function<void()> send, std::function<void()> receive);

  UniqueFd receiver_{};
  UniqueFd sender_{};
  std::atomic<bool> stop_{false};
  std::atomic<uint64_t> sent_{0};
  std::atomic<uint64_t> received_{0};

 private:
  std::thread sending_{};
  std::thread receiving_{};
};

// About 10,000 packets a second.
class UdpFlow : public LiveFlow {
 public:
  explicit UdpFlow(const Endpoints& ends);
  ~UdpFlow() { stop(); }

 private:
  void send();
  void receive();
};

// A few megabytes a second over one connection, in words; those received were each the one due.
class TcpStream : public LiveFlow {
 public:
  explicit TcpStream(const Endpoints& ends);
  ~TcpStream() { stop(); }

 private:
  void send();
  void receive();
};

}  // namespace egress::testing_support
