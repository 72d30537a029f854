// SPDX-License-Identifier: MIT
#pragma once

// One pass: observe, diff, apply in order, observe again. Advanced in slices, so that the caller's
// loop lives meanwhile. A pass retries nothing and logs nothing; the caller decides both from its
// report.

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "kernel/kernel.hpp"
#include "reconcile/dependents.hpp"

namespace egress::reconcile {

struct Progress {
  size_t done = 0;
  size_t total = 0;    // 0 until the kernel has been observed
  std::string what{};  // the op that was tried last, or the stage
};

struct PassReport {
  struct Failed {
    std::string object{};  // the op's text, "observe" or "compare"
    Error error{};
  };
  struct Skipped {
    std::string object{};
    std::string reason{};
  };
  size_t ops_total = 0;
  size_t changed = 0;  // ops that succeeded
  std::vector<Failed> failed{};
  std::vector<Skipped> skipped{};
  std::vector<std::string> remaining{};  // what differs after the pass, as ops
  // Names that are needed and that others have. The pass did without them and all that hangs on
  // them: none of it is among the ops.
  state::ForeignNames taken{};

  // There is nothing that another pass could do as things are.
  bool settled() const { return failed.empty() && skipped.empty() && remaining.empty(); }
  bool in_sync() const { return settled() && taken.empty(); }
};

// What a pass is to arrive at, which namespaces it may rename for it, and by way of which firewalls
// it gets there.
struct Wanted {
  std::shared_ptr<const state::KernelState> state{};
  state::Renames renames{};
  state::Firewalls meanwhile{};
};

class Pass {
 public:
  using Clock = std::function<std::chrono::steady_clock::time_point()>;

  // Borrows `kernel` for its own lifetime.
  Pass(kernel::Kernel& kernel, Wanted wanted, Clock clock = std::chrono::steady_clock::now);

  // Works until `budget` is used up, and does one op or observation at least. True while there is
  // more to do.
  bool step(std::chrono::steady_clock::duration budget);

  const Progress& progress() const { return progress_; }
  // What differed when the pass began; empty until then.
  const state::ChangeSet& ops() const { return ops_; }
  // Complete once step() has returned false.
  const PassReport& report() const { return report_; }

 private:
  enum class Stage { kObserve, kApply, kVerify, kDone };

  void advance();
  std::optional<state::ChangeSet> compare();
  void do_without_taken();
  void observe();
  void apply_next();
  void verify();

  kernel::Kernel& kernel_;
  Wanted wanted_;
  Clock clock_;
  Stage stage_ = Stage::kObserve;
  state::ChangeSet ops_{};
  Dependents dependents_{};
  Progress progress_{.what = "observe"};
  PassReport report_{};
};

// A whole pass in one go.
PassReport run(kernel::Kernel& kernel, const state::KernelState& desired,
               const state::Renames& renames = {}, const state::Firewalls& meanwhile = {});

}  // namespace egress::reconcile
