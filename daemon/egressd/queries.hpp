// SPDX-License-Identifier: MIT
#pragma once

// The questions of the control interface that need no packet: they change nothing in the lab. What
// takes long is worked out beside the loop, over the lab that is in force when it is asked, and
// answered later.

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "control/protocol.hpp"
#include "egressd/answers.hpp"
#include "egressd/gateway_sessions.hpp"
#include "egressd/operations.hpp"
#include "egressd/scaling.hpp"
#include "egressd/startups.hpp"
#include "egressd/wires.hpp"
#include "inspect/context.hpp"
#include "inspect/dependencies.hpp"
#include "inspect/effective.hpp"
#include "inspect/graph.hpp"
#include "inspect/leases.hpp"
#include "inspect/status.hpp"
#include "kernel/kernel.hpp"
#include "probe/lookups.hpp"
#include "session/session.hpp"
#include "uv/workers.hpp"

namespace egress::daemon {

// With what real servers say, also those that somebody runs on machines of the lab.
Result<policy::Resolution> resolution_of(const policy::Network& network, const std::string& prefix,
                                         const control::ResolveRequest& request);

class Queries {
 public:
  Queries(uv::Loop& loop, uv::Workers& workers, kernel::Kernel& kernel,
          const session::Session& session, Operations& operations, const Startups& startups,
          const Scaling& scaling, const GatewaySessions& gateway_sessions, const Wires& wires,
          Clock clock, std::vector<std::string> own_places)
      : workers_(workers),
        counting_(loop, 1),
        kernel_(kernel),
        session_(session),
        operations_(operations),
        startups_(startups),
        scaling_(scaling),
        gateway_sessions_(gateway_sessions),
        wires_(wires),
        clock_(std::move(clock)),
        own_places_(std::move(own_places)),
        since_(clock_.now()) {}

  // With what the kernel looks like now; flows are counted, and the wires are asked, beside the
  // loop.
  void status(Then<inspect::StatusReport> then);
  // Of the last pass, and of what failed since; asks neither kernel nor programs.
  control::Health health() const;
  // kConflict without a lab.
  void wires(Then<settings::WireReport> then);
  // As Wires::step().
  void step(const WireSelection& which, int packets, Then<settings::StepsTaken> then);
  inspect::ClockReading clock() const;
  // `resolved` as inspect::app_context() takes them.
  Result<inspect::ExecContext> context(const lab::Sender& sender,
                                       const std::set<std::string>& resolved);
  Result<inspect::ExecContext> context(const std::string& host);
  Result<inspect::EffectiveRoutes> effective_routes(const std::string& site) const;
  Result<inspect::EffectiveRules> effective_rules(const std::string& site);
  Result<inspect::IpFlowVerdict> ip_flow_verify(const control::IpFlowRequest& request) const;
  Result<inspect::NextHopAnswer> next_hop(const control::NextHopRequest& request) const;
  // As inspect::lease_report(), now.
  Result<inspect::LeaseReport> leases(const std::string& subnet) const;
  Result<inspect::Graph> graph() const;
  // The certificate of the lab's authority, in PEM.
  Result<std::string> authority() const;
  Result<control::LabExport> lab() const;

  void plan(lab::LabText text, Then<control::Plan> then);
  // These ask real name servers, where the lab has some, for what it does not know.
  void explain(const control::ExplainRequest& request, Then<policy::Explanation> then);
  void resolve(const control::ResolveRequest& request, Then<policy::Resolution> then);
  void dependencies(const lab::Sender& app, Then<std::vector<inspect::Dependency>> then);

 private:
  void note_problems_of_wires(const std::vector<std::string>& problems);
  Result<const policy::Network*> network() const;
  inspect::StatusReport describe();
  // What the kernel looks like now beside the lab in force.
  struct Comparison {
    std::vector<std::string> drift{};
    state::ForeignNames taken{};
  };
  Result<Comparison> compare();
  void add_drift(inspect::StatusReport& report, std::set<std::string>& problems);
  // kConflict while names that `needed` has stand for what is not ours: nothing may be sent or run
  // there.
  Status check_names(const state::KernelState& needed);
  // The second half of plan(), with what the kernel looks like now.
  void compare_with_kernel(session::Proposal proposal, Then<control::Plan> then);
  // Whoever runs something there enters a namespace of ours.
  Result<inspect::ExecContext> complete(Result<inspect::ExecContext> context);
  // `work` takes the lab in force, which has a network, and returns a Result.
  template <typename T, typename Work>
  void work_out(const char* what, Work work, Then<T> then);

  uv::Workers& workers_;
  uv::Workers counting_;  // of flows, too; who asks for the status waits for no probe
  kernel::Kernel& kernel_;
  const session::Session& session_;
  Operations& operations_;
  const Startups& startups_;
  const Scaling& scaling_;
  const GatewaySessions& gateway_sessions_;
  const Wires& wires_;
  Clock clock_;
  const std::vector<std::string> own_places_;        // the daemon's files and its socket
  std::chrono::system_clock::time_point since_;      // when this daemon began
  std::set<std::string> known_problems_of_wires_{};  // logged already
};

}  // namespace egress::daemon
