// SPDX-License-Identifier: MIT
#include "kernel/netns_scope.hpp"

#include <fcntl.h>
#include <linux/magic.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/vfs.h>

namespace egress::kernel {

Result<UniqueFd> own_netns() {
  UniqueFd own(::open(kOwnNetns, O_RDONLY | O_CLOEXEC));
  if (!own.valid()) return Error::from_errno("open the thread's own namespace");
  return own;
}

Result<NetnsIdentity> netns_identity(const std::string& path) {
  struct statfs filesystem {};
  if (statfs(path.c_str(), &filesystem) != 0) {
    return Error::from_errno("look at namespace " + path);
  }
  const Error no_netns{.code = Errc::kInvalid, .message = path + " is no network namespace"};
  if (filesystem.f_type != NSFS_MAGIC) return no_netns;  // nothing else is opened: it may answer
  const UniqueFd netns(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  struct stat file {};
  if (!netns.valid() || fstat(netns.get(), &file) != 0) {
    return Error::from_errno("look at namespace " + path);
  }
  if (ioctl(netns.get(), NS_GET_NSTYPE) != CLONE_NEWNET) return no_netns;
  return NetnsIdentity{file.st_dev, file.st_ino};
}

Result<NetnsScope> NetnsScope::enter(int netns_fd) {
  ASSIGN_OR_RETURN(UniqueFd home, own_netns());
  if (setns(netns_fd, CLONE_NEWNET) != 0) return Error::from_errno("enter a namespace");
  return NetnsScope(std::move(home));
}

NetnsScope::~NetnsScope() {
  if (!home_.valid()) return;
  EG_CHECK(setns(home_.get(), CLONE_NEWNET) == 0, "the thread cannot return to its namespace");
}

}  // namespace egress::kernel
