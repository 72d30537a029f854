// SPDX-License-Identifier: MIT
#pragma once

// What the wires of a lab say of the flows that they carry: each holds the evaluator against the
// kernel by itself, for the first packet of every flow.

#include <memory>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "kernel/kernel.hpp"
#include "settings/wire_text.hpp"
#include "state/kernel_state.hpp"

namespace egress::oracle {

struct WireFindings {
  uint64_t asked = 0;
  uint64_t untold = 0;                       // of these; nobody knows what the kernel did
  uint64_t disagreed = 0;                    // likewise
  std::vector<std::string> disagreements{};  // the last few
};

class WireWatch {
 public:
  // The kernel outlives it; `prefix` is that of its namespaces.
  WireWatch(kernel::Kernel& kernel, std::string prefix)
      : kernel_(kernel), prefix_(std::move(prefix)) {}

  // Around every change of the kernel, which is in sync with `state` then. Waits until what the
  // wires find counts.
  Status changing();
  Status settled(const state::KernelState& state);

  // Since then; nothing when there are no wires.
  Result<WireFindings> findings() const;

 private:
  Result<std::string> ask(const settings::WireQuestion& question) const;
  Result<settings::WireReport> report() const;
  Result<settings::WireReport> last_report() const;

  kernel::Kernel& kernel_;
  std::string prefix_;
  std::shared_ptr<kernel::Program> program_{};  // null: there are no wires
  settings::WireReport before_{};
};

}  // namespace egress::oracle
