// SPDX-License-Identifier: MIT
#include "egressd/lab_claim.hpp"

#include <filesystem>
#include <string>
#include <utility>

#include "base/folder.hpp"
#include "egressd/prefix_claim.hpp"
#include "state/netns_mark.hpp"

namespace egress::daemon {

namespace {

Result<std::string> canonical(const std::string& folder) {
  std::error_code error;
  const std::filesystem::path path = std::filesystem::canonical(folder, error);
  if (error) return Error::from_errno("find folder " + folder, error.value());
  return path.string();
}

}  // namespace

Result<LabClaim> claim_lab(const Settings& settings) {
  RETURN_IF_ERROR(make_folder(settings.state_dir, 0750));
  ASSIGN_OR_RETURN(std::string state_dir, canonical(settings.state_dir));
  RETURN_IF_ERROR(check_own_folder(state_dir));
  ASSIGN_OR_RETURN(FileLock state, FileLock::acquire(state_dir + "/egressd.lock"));
  ASSIGN_OR_RETURN(FileLock prefix,
                   claim_prefix(kClaimsFolder, state::make_mark(settings.prefix, state_dir)));
  return LabClaim{std::move(state), std::move(prefix), std::move(state_dir)};
}

Result<std::unique_ptr<kernel::LinuxKernel>> open_kernel(
    const Settings& settings, const LabClaim& claim,
    const std::map<std::string, std::string>& programs, const Clock& clock) {
  return kernel::LinuxKernel::open({.prefix = settings.prefix,
                                    .state_dir = claim.state_dir,
                                    .run_dir = settings.run_dir,
                                    .programs = programs,
                                    .clock = clock,
                                    .flow_cache = settings.fast_path == kOn
                                                      ? kernel::FlowCachePrograms::Use::kLoad
                                                      : kernel::FlowCachePrograms::Use::kNone});
}

}  // namespace egress::daemon
