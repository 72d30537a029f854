// SPDX-License-Identifier: MIT
#pragma once

// A lab in the kernel, and the question whether the kernel does what `explain` says, its resolvers
// what `resolve` says, and starts what is predicted of them: many at a time, compared as the daemon
// compares its own. Its wires say what they have found of the same flows.

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "kernel/kernel.hpp"
#include "policy/explain.hpp"
#include "probe/verifier.hpp"
#include "tests/oracle/questions.hpp"
#include "tests/oracle/tls_probe.hpp"
#include "tests/oracle/wire_watch.hpp"

namespace egress::oracle {

inline constexpr const char* kPrefix = "orc";

struct Mismatch {
  Question question{};
  std::vector<std::string> explained{};  // the steps
  std::vector<std::string> differences{};
};

class Rig {
 public:
  explicit Rig(std::unique_ptr<kernel::Kernel> kernel)
      : kernel_(std::move(kernel)), wires_(*kernel_, kPrefix) {}

  // Makes the kernel agree with the lab, whatever was there before; an error when it does not.
  Status apply(const lab::Lab& lab);
  // Removes everything.
  Status clear();

  // Sends every flow, looks every name up, performs every start, and returns those on which
  // analysis and kernel differ. A difference is looked at twice, so that a packet lost on a crowded
  // machine is none.
  Result<std::vector<Mismatch>> compare(const std::vector<Question>& questions);

  // Of the flows since the lab was applied.
  Result<WireFindings> wire_findings() const { return wires_.findings(); }

  const policy::Network& network() const { return *network_; }

 private:
  Result<std::vector<Mismatch>> compare_once(const std::vector<Question>& questions);
  Status compare_flows(const std::vector<ProbeCase>& flows, std::vector<Mismatch>& found) const;
  Status compare_names(const std::vector<NameCase>& names, std::vector<Mismatch>& found);
  Status compare_starts(const std::vector<StartCase>& starts, std::vector<Mismatch>& found);

  Status reach(const state::KernelState& desired, const state::Firewalls& meanwhile);

  std::unique_ptr<kernel::Kernel> kernel_;
  WireWatch wires_;
  std::shared_ptr<const policy::Network> network_;
  probe::Verifier verifier_{};
  TlsProbe tls_{};
  std::chrono::seconds ahead_{};  // the clock, of the machine's
};

}  // namespace egress::oracle
