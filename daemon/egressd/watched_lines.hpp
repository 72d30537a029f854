// SPDX-License-Identifier: MIT
#pragma once

// What is watched as lines for clients, and who wants which. Pure but for what it reads, on a
// thread beside the loop.

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "control/protocol.hpp"
#include "egressd/watched_feed.hpp"
#include "flows/watched.hpp"
#include "ipam/leases.hpp"
#include "policy/network.hpp"

namespace egress::daemon {

struct WatchedLine {
  enum class Kind { kFlow, kDrop, kPacket };
  Kind kind = Kind::kFlow;
  std::optional<policy::Sender> app{};
  std::optional<policy::WorkerKey> instance{};  // where no app is known
  std::string wire{};                           // of a packet
  bool denied = false;                          // it does not get through
  std::string text{};                           // without its end
};

struct WatchedLines {
  std::vector<WatchedLine> lines{};
  uint64_t lost = 0;   // for want of room where they come from
  bool ended = false;  // nothing more comes from there
};

// What a client wants of it. `network` is the lab in force.
class Filter {
 public:
  Filter(const control::WatchRequest& request, const policy::Network& network);

  bool wants(const WatchedLine& line) const;
  // Those whose packets are wanted.
  const std::set<std::string>& wires() const { return wires_; }

 private:
  bool is_meant(const policy::WorkerKey& worker) const;

  const control::WatchRequest& request_;
  const policy::Network& network_;
  std::set<std::string> wires_{};
};

// What the feed has now, at most a batch of it. An error is the feed's, which then is of no more
// use.
Result<WatchedLines> read_flows(WatchedFeed& feed, flows::Watched& watched, ipam::TimePoint now);
// What the socket of records has now, likewise.
WatchedLines read_packets(int socket);

}  // namespace egress::daemon
