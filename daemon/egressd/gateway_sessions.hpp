// SPDX-License-Identifier: MIT
#pragma once

// What the speakers of gateways learn, and what becomes of it. Routes are told by the kernel, and
// of sessions the speakers are asked four times a second, both beside the loop. What differs from
// what is in force is put in force once it stands still, or has not for a while, so that one who
// learns a thousand prefixes, or flaps, makes one change and not a thousand.

#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "compile/speakers.hpp"
#include "egressd/operations.hpp"
#include "inspect/status.hpp"
#include "kernel/kernel.hpp"
#include "session/session.hpp"
#include "uv/loop.hpp"
#include "uv/workers.hpp"

namespace egress::daemon {

class GatewaySessions {
 public:
  GatewaySessions(uv::Loop& loop, kernel::Kernel& kernel, session::Session& session,
                  Operations& operations);

  // Before the first pass of a daemon: what was learned outlives it, with those who have.
  void take_up();
  // A pass has ended: there may be other speakers now.
  void look_again();
  // To gateways that are listed already.
  void describe(inspect::StatusReport& report) const;

 private:
  using Session = std::pair<std::string, std::string>;  // gateway and network on-premises
  using Speakers = kernel::SpeakerFeed::Speakers;
  struct Seen {
    std::set<Session> up{};
    lab::LearnedRoutes learned{};  // of those
  };

  void find_places();
  Status open();  // at the places
  void close();
  void read();
  void note(const Speakers& speakers);
  Seen seen_in(const Speakers& speakers) const;
  // Those that have just come up and have said nothing are left out for a while.
  lab::LearnedRoutes believed(const Seen& seen);
  void put_in_force();

  uv::Loop& loop_;
  uv::Workers reading_;
  kernel::Kernel& kernel_;
  session::Session& session_;
  Operations& operations_;
  std::map<std::string, compile::SpeakerPlace> places_{};  // by gateway
  std::shared_ptr<kernel::SpeakerFeed> feed_{};
  std::optional<uv::Poll> poll_{};
  uv::Timer timer_;
  bool reading_now_ = false;
  bool stale_ = false;  // the feed is another one than that which is being read
  std::set<Session> up_{};
  std::map<Session, int> silent_for_{};  // looks
  lab::LearnedRoutes wanted_{};
  int unsettled_for_ = 0;  // looks that found something else than what is in force
  std::string problem_{};
};

}  // namespace egress::daemon
