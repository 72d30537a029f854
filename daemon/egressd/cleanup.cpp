// SPDX-License-Identifier: MIT
#include "egressd/cleanup.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <chrono>
#include <filesystem>
#include <memory>
#include <utility>

#include "base/clock.hpp"
#include "egressd/lab_claim.hpp"
#include "kernel/high_fd.hpp"
#include "kernel/linux_kernel.hpp"
#include "reconcile/pass.hpp"
#include "store/store.hpp"

namespace egress::daemon {

namespace {

using Say = std::function<void(const std::string&)>;

// The rest of what failed stands with the objects that are told of.
Status outcome_of(const reconcile::PassReport& report) {
  if (report.settled()) return {};
  Error error{
      .code = Errc::kKernel,
      .message = fmt::format("{} of {} objects are gone", report.changed, report.ops_total)};
  if (report.failed.empty()) return error;
  error.message +=
      "; " + report.failed.front().object + ": " + report.failed.front().error.to_string();
  return error;
}

Status remove_lab(kernel::Kernel& kernel, const Say& say) {
  const auto nothing = std::make_shared<const state::KernelState>();
  reconcile::Pass pass(kernel, {.state = nothing});
  size_t gone = 0;
  for (bool more = true; more;) {
    more = pass.step(std::chrono::steady_clock::duration::zero());
    if (pass.report().changed == gone) continue;
    gone = pass.report().changed;
    say(state::to_text(pass.ops()[pass.progress().done - 1]));
  }
  return outcome_of(pass.report());
}

std::string name_for_now() {
  const auto now = std::chrono::floor<std::chrono::seconds>(Clock().now());
  return fmt::format("{:%Y%m%dT%H%M%SZ}", fmt::gmtime(now));
}

}  // namespace

Status clean_up(const Settings& settings, Cleanup which,
                const std::map<std::string, std::string>& programs, const Say& say) {
  ASSIGN_OR_RETURN(const LabClaim claim, claim_lab(settings));
  if (which.lab) {
    RETURN_IF_ERROR(kernel::raise_fd_limit());
    ASSIGN_OR_RETURN(const auto kernel, kernel::LinuxKernel::open({.prefix = settings.prefix,
                                                                   .state_dir = claim.state_dir,
                                                                   .run_dir = settings.run_dir,
                                                                   .programs = programs,
                                                                   .clock = Clock()}));
    RETURN_IF_ERROR(remove_lab(*kernel, say));
  }
  store::Store store(claim.state_dir + "/egressd.db");
  if (!which.state) {
    if (store.exists()) {
      say(
          fmt::format("{} has the lab still: it is made again at the next start, unless "
                      "--forget-state puts it aside",
                      store.path()));
    }
    return {};
  }
  ASSIGN_OR_RETURN(const std::string aside, store.put_aside(name_for_now()));
  say(aside.empty() ? "nothing is stored" : "what was stored is " + aside);
  return {};
}

}  // namespace egress::daemon
