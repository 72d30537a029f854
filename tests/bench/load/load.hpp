// SPDX-License-Identifier: MIT
#pragma once

// What crosses a path between two network namespaces in a given time of a processor: the cells of
// the data path table in docs/performance.md. Client and server are two threads on one processor,
// so that a cell measures what the path costs and not how long another processor takes to wake.
// Congestion control is cubic on every connection, whatever the machine's default.

#include <chrono>
#include <cstdint>
#include <string>

#include "base/ip.hpp"
#include "base/result.hpp"

namespace egress::load {

struct Cell {
  std::string client_netns{};  // files under /run/netns
  std::string server_netns{};
  Ipv4Address address{};                 // the server's
  uint16_t port = 0;                     // the first of kPorts
  std::chrono::milliseconds share{400};  // of the processor, which is how long a cell takes
  int cpu = 0;
};

// Connections and exchanges are spread over this many ports of the server: closed ones keep their
// four-tuple for a minute, and one port's share of the client's ephemeral ports would be used up
// within seconds.
inline constexpr uint16_t kPorts = 16;

struct Measured {
  uint64_t count =
      0;              // what the cell counts: round trips, connections, exchanges, datagrams, bytes
  uint64_t sent = 0;  // where that may differ: datagrams and bytes handed to the kernel
  std::chrono::duration<double> seconds{};
  // What the threads used of their processors, and the kernel in their name, which for veth pairs
  // is the whole path. What other processes take from the processor does not show in it.
  std::chrono::duration<double> busy{};
};

// One byte there and back over one connection, again and again.
Result<Measured> round_trips(const Cell& cell);
// Connect, a byte there and back, close; kInFlight at a time.
inline constexpr int kInFlight = 16;
Result<Measured> connections(const Cell& cell);
// A new socket, a datagram of 18 bytes there and one back, close; kInFlight at a time.
Result<Measured> exchanges(const Cell& cell);
// Datagrams of 18 bytes one way, as fast as the client's processor can send them; counts what the
// server received in the same time.
Result<Measured> datagrams(const Cell& cell);
// Datagrams of 18 bytes one way, kPacedRate of them a second, for `share` of the clock and on any
// processor; counts what the server received.
inline constexpr uint64_t kPacedRate = 100'000;
Result<Measured> paced(const Cell& cell);
// As many bytes as one connection carries; counts what the server received.
Result<Measured> bulk(const Cell& cell);

// What one datagram and its answer show of the way between them.
struct Seen {
  Ipv4Address source{};  // of the client, in the server's eyes
  int hops_there = 0;    // routers that took one off the time to live
  int hops_back = 0;
};
Result<Seen> look(const Cell& cell);

}  // namespace egress::load
