// SPDX-License-Identifier: MIT
#include "egressd/cleanup.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "egressd/lab_claim.hpp"
#include "reconcile/pass.hpp"
#include "store/store.hpp"

namespace egress::daemon {

namespace {

using Say = std::function<void(const std::string&)>;

Status outcome_of(const reconcile::PassReport& report) {
  if (report.settled()) return {};
  std::vector<std::string> why;
  for (const auto& each : report.failed) {
    why.push_back(fmt::format("{}: {}", each.object, each.error.to_string()));
  }
  for (const auto& each : report.skipped) {
    why.push_back(fmt::format("{}: skipped: {}", each.object, each.reason));
  }
  for (const std::string& each : report.remaining) why.push_back("still to be done: " + each);
  return Error{.code = Errc::kKernel,
               .message = fmt::format("{} of {} objects are gone; {}", report.changed,
                                      report.ops_total, fmt::join(why, "; "))};
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
    ASSIGN_OR_RETURN(const auto kernel, open_kernel(settings, claim, programs, Clock()));
    RETURN_IF_ERROR(remove_lab(*kernel, say));
  }
  store::Store store(store::database_in(claim.state_dir));
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
