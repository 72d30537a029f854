// SPDX-License-Identifier: MIT
#pragma once

// The lab in force as one value, and what it would become. A value is never changed but replaced
// whole, so that threads may share it: proposing is a pure function of one and may run anywhere.

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "compile/size.hpp"
#include "ipam/leases.hpp"
#include "lab/load.hpp"
#include "lab/platform_tasks.hpp"
#include "lifecycle/journal.hpp"
#include "lifecycle/operation.hpp"
#include "lifecycle/state.hpp"
#include "lifecycle/transition.hpp"
#include "policy/network.hpp"
#include "session/imposed.hpp"
#include "state/kernel_state.hpp"
#include "state/renames.hpp"
#include "store/store.hpp"
#include "tls/authority.hpp"

namespace egress::session {

// Of starts, by site; none of a site that asks the platform for nothing.
using StartupTasks = std::map<std::string, std::vector<lab::PlatformTask>>;

struct LabInForce {
  uint64_t version = 0;  // how often any of the following has changed
  // How far the lab's clock, by which leases and held ports are released, is ahead of the
  // machine's.
  std::chrono::seconds clock_offset{};
  lab::LabText text{};
  std::vector<lab::Finding> warnings{};  // of the text
  ipam::Leases leases{};
  // Made with the state directory's first lab, and gone with its last.
  tls::Authority authority{};
  NumberBook numbers{};  // compile/numbers.hpp; without a network those that the next one keeps
  store::Generations restarts{};
  store::NameServers dns_at_start{};  // of integrated sites
  store::TrafficInUse traffic{};      // beside what the lab asks for
  ImposedOnWires imposed{};
  lab::LearnedRoutes learned{};  // not stored: a daemon asks those who have learned it
  lifecycle::State life{};
  lifecycle::Journal journal{};                      // since a file was applied
  std::shared_ptr<const policy::Network> network{};  // null when no lab is in force
  std::shared_ptr<const state::KernelState> desired =
      std::make_shared<const state::KernelState>();  // never null; empty without a network
  std::shared_ptr<const state::Renames> renames =
      std::make_shared<const state::Renames>();  // likewise; compile::renames()
  // By way of which firewalls a pass gets there from what was in force before; not stored.
  std::shared_ptr<const state::Firewalls> meanwhile =
      std::make_shared<const state::Firewalls>();  // likewise
  std::shared_ptr<const StartupTasks> startup_tasks =
      std::make_shared<const StartupTasks>();  // likewise

  // The lab's clock when the machine's says `machine`, and the other way round.
  ipam::TimePoint lab_time(ipam::TimePoint machine) const { return machine + clock_offset; }
  ipam::TimePoint machine_time(ipam::TimePoint lab) const { return lab - clock_offset; }
};

// A year is far beyond whatever runs out in a lab, and far from where times can no longer be told.
inline constexpr std::chrono::seconds kLargestClockOffset = std::chrono::hours(24 * 365);

// What holds for every lab of a daemon.
struct Terms {
  std::string prefix{};
  compile::SizeLimits limits{};
  bool bird_installed = false;
  bool flow_cache = false;  // of the kernel (Kernel::flow_cache())
};

// A value that can be made so: it can be compiled, and made from nothing.
struct Proposal {
  uint64_t base = 0;  // the version that it was made from
  LabInForce next{};  // of the same version when nothing changes
  ipam::LeaseChange leases{};
  std::set<lab::Sender> starts{};  // instances that start, of sites that ask the platform for it
  bool lab_changed = false;        // not only what stands beside it
  lifecycle::Effects effects{};
  // Of an operation: what it changes that nobody named. Of a file: names of network rules that mean
  // nobody.
  std::vector<std::string> notes{};
};

// Why a lab cannot be, or cannot become another.
struct Refusal {
  Error error{};
  std::vector<lab::Finding> findings{};
  std::string code{};  // more exact than the error's, Azure's of a transition; or empty
  // Of a transition between two valid labs: all that it refuses, and the lab that was not to be.
  std::vector<lifecycle::Refusal> transition{};
  std::shared_ptr<const lab::Lab> lab{};
};
// Of what is asked of a plan whose instances have no wires.
inline constexpr const char* kNeedsTun = "needs-tun";

using Outcome = std::variant<Proposal, Refusal>;

// `now` is the lab's own time in all of these.

// The lab that `text` says, with the leases it needs at `now`. Analysis and kernel state are those
// of `base` when the text is. What a transition refuses (lifecycle/transition.hpp) is kConflict,
// the first of them in `error` and `code`, all in `findings`, the loader's behind them.
Outcome propose(const LabInForce& base, lab::LabText text, const Terms& terms, ipam::TimePoint now,
                lifecycle::Cause cause = lifecycle::Cause::kApply);
// A lab that no file says: edited (lab/edit.hpp), or of another front. It is judged like one from a
// file, and put in force as the file that declares it, under the name of the one in force.
Outcome propose(const LabInForce& base, lab::Lab lab, const Terms& terms, ipam::TimePoint now);
// The lab in force as the operation leaves it, put in force as the file that declares it. The
// version stays when it is so already. kNotFound for what the lab does not have, kConflict when no
// lab is in force.
Outcome propose_operation(const LabInForce& base, const lifecycle::Operation& operation,
                          const Terms& terms, ipam::TimePoint now);
// A plan whose instances are being replaced a stage further (lifecycle/stages.hpp), with the leases
// that follow from it. The version stays when there is none. kConflict when no lab is in force.
Outcome propose_stage(const LabInForce& base, const Terms& terms, ipam::TimePoint now);
// New interfaces for all instances of the site. kNotFound when there is no such site.
Outcome propose_restart(const LabInForce& base, const std::string& site, const Terms& terms);
// A namespace for each instance of the site from which packets of the class are sent. The version
// stays when there is one already. kNotFound when there is no such site, kConflict when no lab is
// in force.
Outcome propose_traffic(const LabInForce& base, const std::string& site, lab::TrafficClass traffic,
                        const Terms& terms);
// In place of what the wires of a plan's instance do to packets, or without an instance those of
// all of them; nothing: what the lab says again. All of it ends by the machine's clock, which says
// `machine`. The version stays when it is so already. kNotFound when there is no such plan or
// instance, kNeedsTun when it has no wires, kConflict when no lab is in force.
Outcome propose_impairment(const LabInForce& base, const std::string& plan,
                           std::optional<int> instance,
                           const std::optional<policy::Imposed>& imposed, const Terms& terms,
                           ipam::TimePoint machine);
// What gateways have learned by now, in place of what they had. The version stays when it is so
// already. kUnsupported when it is more than the machine can hold, kConflict when no lab is in
// force.
Outcome propose_learned(const LabInForce& base, lab::LearnedRoutes learned, const Terms& terms);
// The lab's clock moved on, and the leases released that are due by then. kConflict when no lab is
// in force, kInvalid beyond kLargestClockOffset.
Outcome propose_advance(const LabInForce& base, std::chrono::seconds by, const Terms& terms,
                        ipam::TimePoint now);

}  // namespace egress::session
