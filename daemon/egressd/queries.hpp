// SPDX-License-Identifier: MIT
#pragma once

// The questions of the control interface: they change nothing in the lab and, but for probes, send
// nothing. Each answers with a document or says why it cannot.

#include <string>

#include "control/json.hpp"
#include "egressd/http_server.hpp"
#include "egressd/operations.hpp"
#include "egressd/session.hpp"
#include "egressd/verifier.hpp"
#include "kernel/kernel.hpp"

namespace egress::daemon {

class Queries {
 public:
  Queries(const Session& session, Operations& operations, kernel::Kernel& kernel, Probe probe)
      : session_(session), operations_(operations), kernel_(kernel), verifier_(std::move(probe)) {}

  HttpResponse status();
  HttpResponse plan(control::LabText text);
  HttpResponse context(const lab::Sender& app);
  HttpResponse explain(const control::ExplainRequest& request);
  HttpResponse test(control::LabText text);
  HttpResponse effective_routes(const std::string& site) const;
  HttpResponse effective_rules(const std::string& site);
  // All subnets when `subnet` is empty.
  HttpResponse leases(const std::string& subnet) const;
  HttpResponse graph() const;

 private:
  Result<std::shared_ptr<const policy::Network>> network() const;
  Result<lab::SubnetRef> subnet_of(const std::string& site) const;
  // What the kernel looks like now beside the lab in force.
  struct Comparison {
    std::vector<std::string> drift{};
    state::ForeignNames taken{};
  };
  Result<Comparison> compare();
  // kConflict while names that `needed` has stand for what is not ours: nothing may be sent or run
  // there.
  Status check_names(const state::KernelState& needed);

  const Session& session_;
  Operations& operations_;
  kernel::Kernel& kernel_;
  Verifier verifier_;
};

}  // namespace egress::daemon
