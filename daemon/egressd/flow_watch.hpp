// SPDX-License-Identifier: MIT
#pragma once

// Who watches, and what they are told: flows as workers' connection tracking tells that they begin,
// packets that rules drop, and single packets of wires. Nothing is read while nobody watches. What
// comes is read and explained beside the loop, a batch at a time; what there is no room for, with
// the kernel, here or with a client that reads slowly, is counted and told.

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/unique_fd.hpp"
#include "control/protocol.hpp"
#include "egressd/answers.hpp"
#include "egressd/line_stream.hpp"
#include "egressd/watched_lines.hpp"
#include "egressd/wires.hpp"
#include "flows/watched.hpp"
#include "kernel/kernel.hpp"
#include "session/session.hpp"
#include "uv/loop.hpp"
#include "uv/workers.hpp"

namespace egress::daemon {

class FlowWatch {
 public:
  FlowWatch(uv::Loop& loop, kernel::Kernel& kernel, const session::Session& session,
            const Wires& wires, Clock clock);

  // Lines until the client leaves. Refused without a lab, with a site or an instance that it does
  // not have, for packets where no wire is meant (kNeedsTun), and kBusy beyond kMostWatchers.
  OrRefusal<std::shared_ptr<LineStream>> watch(const control::WatchRequest& request);
  // A pass has ended: there may be other namespaces and wires now.
  void look_again();

 private:
  struct Watcher {
    control::WatchRequest wants{};
    std::shared_ptr<LineStream> stream{};
    uint64_t lost = 0;  // records that it was not told of, and does not know of yet
  };
  // Whose packets somebody wants to see.
  std::set<std::string> wanted_wires() const;
  Status open_feed();
  void close_feed();
  Status open_records();
  void open_what_is_missing();
  void read_feed();
  void read_records();
  void deliver(const std::vector<WatchedLine>& lines);
  void deliver_lost(control::LostIn where, std::optional<uint64_t> count);
  void tell(Watcher& watcher, const std::string& text) const;
  std::string lost_line(control::LostIn where, std::optional<uint64_t> count) const;
  void let_go();

  uv::Loop& loop_;
  uv::Workers watching_;
  kernel::Kernel& kernel_;
  const session::Session& session_;
  const Wires& wires_;
  Clock clock_;
  // Used by the works beside the loop alone, which follow one another.
  std::shared_ptr<flows::Watched> watched_;
  std::vector<Watcher> watchers_{};
  flows::WatchedPlaces places_{};  // of the feed
  std::shared_ptr<WatchedFeed> feed_{};
  std::optional<uv::Poll> feed_poll_{};
  bool missed_flows_ = false;         // since they were told last, and nobody knows yet
  std::set<std::string> recorded_{};  // the wires of the records
  std::shared_ptr<UniqueFd> records_{};
  std::optional<uv::Poll> records_poll_{};
  bool missed_packets_ = false;
  uv::Timer timer_;  // while somebody watches
};

}  // namespace egress::daemon
