// SPDX-License-Identifier: MIT
#include "egressd/prefix_claim.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <filesystem>

#include "base/folder.hpp"
#include "base/unique_fd.hpp"
#include "compile/names.hpp"

namespace egress::daemon {

namespace {

constexpr const char* kMend = "; stop it, or start this one with another --prefix";

// Looking at all claims and adding one must be one step.
Result<UniqueFd> lock_folder(const std::string& folder) {
  UniqueFd fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!fd.valid()) return Error::from_errno("open " + folder);
  while (::flock(fd.get(), LOCK_EX) != 0) {
    if (errno != EINTR) return Error::from_errno("lock " + folder);
  }
  return fd;
}

Status check_claims(const std::string& folder, const std::string& prefix) {
  std::error_code error;
  for (std::filesystem::directory_iterator entry(folder, error), end; !error && entry != end;
       entry.increment(error)) {
    const std::string other = entry->path().stem();
    if (!compile::share_names(prefix, other)) continue;
    const auto holder = FileLock::holder(entry->path());
    if (!holder) continue;  // it ended without removing its claim
    return Error{.code = Errc::kBusy,
                 .message = fmt::format("prefix '{}' meets the names of another egressd ({}){}",
                                        prefix, *holder, kMend)};
  }
  if (error) return Error::from_errno("list " + folder, error.value());
  return {};
}

}  // namespace

Result<FileLock> claim_prefix(const std::string& folder, const state::NetnsMark& mark) {
  RETURN_IF_ERROR(make_folder(folder, 0700));
  RETURN_IF_ERROR(check_own_folder(std::filesystem::path(folder).parent_path().string()));
  RETURN_IF_ERROR(check_own_folder(folder));
  ASSIGN_OR_RETURN(const UniqueFd others_wait, lock_folder(folder));
  RETURN_IF_ERROR(check_claims(folder, mark.prefix));
  return FileLock::acquire(
      fmt::format("{}/{}.lock", folder, mark.prefix),
      fmt::format("prefix '{}', state directory {}", mark.prefix, mark.state_dir));
}

Status check_stopped_labs(const state::NetnsMark& own,
                          const std::map<state::NetnsName, state::NetnsMark>& marks) {
  for (const auto& [netns, mark] : marks) {
    if (mark == own || !compile::share_names(own.prefix, mark.prefix)) continue;
    return Error{
        .code = Errc::kConflict,
        .message = fmt::format("prefix '{}' meets the names of a lab that is in force: network "
                               "namespace {} belongs to the lab with prefix '{}' of state "
                               "directory {}; remove that lab (egressctl down), or start this one "
                               "with another --prefix",
                               own.prefix, netns, mark.prefix, mark.state_dir)};
  }
  return {};
}

}  // namespace egress::daemon
