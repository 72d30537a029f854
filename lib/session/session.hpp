// SPDX-License-Identifier: MIT
#pragma once

// Keeps the lab in force and the store that remembers it. A change is proposed, which alters
// nothing, and then adopted: durable first, in memory after. Knows nothing of the kernel or the
// loop.
//
// A lab may be the end of the daemon, and would be so again at each start: too much memory, or a
// fault of ours. So starts are counted until their first pass has ended, and after two that did not
// get so far the lab is set aside: it stays stored, nothing is done with it, and whoever applies a
// lab or takes it down finds somebody to talk to.

#include <memory>
#include <optional>
#include <string>

#include "session/proposal.hpp"
#include "session/starts.hpp"
#include "store/store.hpp"

namespace egress::session {

class Session {
 public:
  Session(Terms terms, store::Store store) : terms_(std::move(terms)), store_(std::move(store)) {}

  // Takes up what an earlier process left. A stored lab that no longer loads, or that is set aside,
  // is not an error: it becomes a problem, and there is no network. Errors are the store's. `now`
  // is the machine's time.
  Status restore(ipam::TimePoint now);
  // Counts this start, if restore() has found no lab and so has not: a lab is about to be applied
  // without anybody asking for it. Where it cannot be stored, end_start() says so.
  void begin_start();
  // A pass has ended, or there is none, or the daemon ends in good order. What is stored is made
  // again when somebody has removed it.
  Status end_start();
  bool set_aside() const { return set_aside_; }

  // Never null. Valid as long as somebody holds it, whatever is adopted meanwhile.
  const std::shared_ptr<const LabInForce>& current() const { return current_; }
  const Terms& terms() const { return terms_; }

  // kConflict when another version than the proposal's base is in force by now.
  Status adopt(Proposal proposal);
  // Forgets the lab in memory; erase() later removes what is stored.
  void forget();
  Status erase();

  // Of the instances whose sites ask the platform for something when they start.
  const Startups& startups() const { return startups_; }
  // What starts came to, but for instances that are gone or have started anew since: each is what
  // startups() said when it was begun, with its report.
  Status record(const Startups& performed);

  // Null when no lab is in force.
  const policy::Network* network() const { return current_->network.get(); }
  std::optional<std::string> lab_file() const;
  // Whether the lab in force has what packets of the class are sent from.
  bool sends(const std::string& site, lab::TrafficClass traffic) const;
  // Why there is no network although a lab is stored; empty when all is well.
  const std::string& problem() const { return problem_; }

 private:
  Status take_up(ipam::TimePoint now);
  Status store_again_if_lost();

  Terms terms_;
  store::Store store_;
  std::shared_ptr<const LabInForce> current_ = std::make_shared<const LabInForce>();
  Startups startups_{};
  std::string problem_{};
  bool forgotten_ = false;  // what is stored waits for erase()
  bool set_aside_ = false;
  int unfinished_starts_ = 0;  // as stored
  bool start_counted_ = false;
  tls::Authority stored_authority_{};
};

}  // namespace egress::session
