// SPDX-License-Identifier: MIT
#include "kernel/netns.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <memory>
#include <vector>

namespace egress::kernel {
namespace {

constexpr const char* kNetnsDir = "/run/netns";
constexpr const char* kOwnNetns = "/proc/thread-self/ns/net";

std::string path_of(const std::string& name) {
  return std::string(kNetnsDir) + "/" + name;
}

constexpr const char* kMadeNote = "made-netns-directory";
constexpr const char* kMountedNote = "mounted-netns-directory";

bool is_mount_point(const char* path) {
  struct statx about {};
  return statx(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, STATX_TYPE, &about) == 0 &&
         (about.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0;
}

struct DirectoryCloser {
  void operator()(DIR* directory) const { closedir(directory); }
};
using Directory = std::unique_ptr<DIR, DirectoryCloser>;

// Empty when there is no such directory.
Result<std::vector<std::string>> entries_of(const std::string& path) {
  std::vector<std::string> names;
  const Directory directory(opendir(path.c_str()));
  if (!directory) {
    if (errno == ENOENT) return names;
    return Error::from_errno("list " + path);
  }
  while (const dirent* entry = readdir(directory.get())) {
    const std::string name = entry->d_name;
    if (name != "." && name != "..") names.push_back(name);
  }
  return names;
}

Status make_directory(const std::string& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (error) return Error::from_errno("make directory " + path, error.value());
  return {};
}

}  // namespace

Result<NetnsIdentity> netns_identity(const std::string& path) {
  struct statfs filesystem {};
  struct stat file {};
  if (statfs(path.c_str(), &filesystem) != 0 || stat(path.c_str(), &file) != 0) {
    return Error::from_errno("look at namespace " + path);
  }
  if (filesystem.f_type != NSFS_MAGIC) {
    return Error{.code = Errc::kInvalid, .message = path + " is no namespace"};
  }
  return NetnsIdentity{file.st_dev, file.st_ino};
}

Result<NetnsScope> NetnsScope::enter(int netns_fd) {
  UniqueFd home(::open(kOwnNetns, O_RDONLY | O_CLOEXEC));
  if (!home.valid()) return Error::from_errno("open the thread's own namespace");
  if (setns(netns_fd, CLONE_NEWNET) != 0) return Error::from_errno("enter a namespace");
  return NetnsScope(std::move(home));
}

NetnsScope::~NetnsScope() {
  if (!home_.valid()) return;
  EG_CHECK(setns(home_.get(), CLONE_NEWNET) == 0, "the thread cannot return to its namespace");
}

NetnsDirectory::NetnsDirectory(std::string prefix, std::string run_dir)
    : prefix_(std::move(prefix)), run_dir_(std::move(run_dir)) {}

// Of two prefixes that both fit a name, the longer one owns it.
Result<std::vector<std::string>> NetnsDirectory::names() const {
  ASSIGN_OR_RETURN(std::vector<std::string> found, entries_of(kNetnsDir));
  ASSIGN_OR_RETURN(std::vector<std::string> others, entries_of(run_dir_));
  const auto has_prefix = [](const std::string& name, const std::string& prefix) {
    return name.compare(0, prefix.size() + 1, prefix + "-") == 0;
  };
  const auto drop = [](std::vector<std::string>& from, const auto& condition) {
    from.erase(std::remove_if(from.begin(), from.end(), condition), from.end());
  };
  drop(others, [&](const std::string& other) { return !has_prefix(other, prefix_); });
  drop(found, [&](const std::string& name) {
    return !has_prefix(name, prefix_) ||
           std::any_of(others.begin(), others.end(),
                       [&](const std::string& other) { return has_prefix(name, other); });
  });
  return found;
}

Result<std::map<std::string, NetnsIdentity>> NetnsDirectory::list() const {
  ASSIGN_OR_RETURN(const auto found, names());
  std::map<std::string, NetnsIdentity> namespaces;
  for (const std::string& name : found) {
    const auto identity = netns_identity(path_of(name));
    if (identity.ok()) namespaces[name] = *identity;
  }
  return namespaces;
}

std::string NetnsDirectory::note_path(const char* what) const {
  return run_dir_ + "/" + what;
}

Status NetnsDirectory::write_note(const char* what) const {
  const std::string path = note_path(what);
  const UniqueFd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
  if (!file.valid()) return Error::from_errno("write " + path);
  return {};
}

// As `ip netns add` does, and before it can: when it turns the directory into a mount point later,
// it doubles the mounts that are there, and their names can then no more be removed. Notes come
// first: whoever dies in between leaves one too many, which does no harm, and not one too few.
Status NetnsDirectory::make_directories() const {
  RETURN_IF_ERROR(make_directory(run_dir_ + "/" + prefix_));
  if (access(kNetnsDir, F_OK) != 0) {
    RETURN_IF_ERROR(write_note(kMadeNote));
    if (mkdir(kNetnsDir, 0755) != 0 && errno != EEXIST) {
      return Error::from_errno(std::string("make directory ") + kNetnsDir);
    }
  }
  if (is_mount_point(kNetnsDir)) return {};
  RETURN_IF_ERROR(write_note(kMountedNote));
  if (mount(kNetnsDir, kNetnsDir, nullptr, MS_BIND | MS_REC, nullptr) != 0 ||
      mount(nullptr, kNetnsDir, nullptr, MS_SHARED | MS_REC, nullptr) != 0) {
    return Error::from_errno(std::string("make a mount point of ") + kNetnsDir);
  }
  return {};
}

void NetnsDirectory::remove_directories() const {
  const auto left = names();
  if (!left.ok() || !left->empty()) return;
  rmdir((run_dir_ + "/" + prefix_).c_str());
  const auto all = entries_of(kNetnsDir);
  if (!all.ok() || !all->empty()) return;
  const std::string mounted = note_path(kMountedNote);
  if (access(mounted.c_str(), F_OK) == 0) {
    if (is_mount_point(kNetnsDir) && umount2(kNetnsDir, MNT_DETACH) != 0) return;
    unlink(mounted.c_str());
  }
  const std::string made = note_path(kMadeNote);
  if (access(made.c_str(), F_OK) != 0) return;
  if (rmdir(kNetnsDir) == 0 || errno == ENOENT) unlink(made.c_str());
}

Status NetnsDirectory::create(const std::string& name) const {
  if (name.compare(0, prefix_.size() + 1, prefix_ + "-") != 0 || name.find('/') != name.npos) {
    return Error{.code = Errc::kInvalid, .message = "not a namespace name of ours: " + name};
  }
  const std::string path = path_of(name);
  if (netns_identity(path).ok()) return {};
  RETURN_IF_ERROR(make_directories());
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CREAT | O_CLOEXEC, 0444));
  if (!file.valid()) return Error::from_errno("create " + path);

  const UniqueFd home(::open(kOwnNetns, O_RDONLY | O_CLOEXEC));
  if (!home.valid()) return Error::from_errno("open the thread's own namespace");
  if (unshare(CLONE_NEWNET) != 0) {
    Error error = Error::from_errno("make a network namespace");
    unlink(path.c_str());
    return error;
  }
  const bool mounted = mount(kOwnNetns, path.c_str(), nullptr, MS_BIND, nullptr) == 0;
  const int mount_errno = errno;
  EG_CHECK(setns(home.get(), CLONE_NEWNET) == 0, "the thread cannot return to its namespace");
  if (mounted) return {};
  unlink(path.c_str());
  return Error::from_errno("mount a namespace on " + path, mount_errno);
}

Status NetnsDirectory::remove(const std::string& name) const {
  const std::string path = path_of(name);
  if (umount2(path.c_str(), MNT_DETACH | UMOUNT_NOFOLLOW) != 0 && errno != EINVAL &&
      errno != ENOENT) {
    return Error::from_errno("unmount " + path);
  }
  if (unlink(path.c_str()) != 0 && errno != ENOENT) return Error::from_errno("remove " + path);
  return {};
}

Result<UniqueFd> NetnsDirectory::open(const std::string& name) const {
  UniqueFd fd(::open(path_of(name).c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.valid()) return Error::from_errno("open namespace " + name);
  return fd;
}

Status NetnsDirectory::remove_leftovers() const {
  ASSIGN_OR_RETURN(const auto found, names());
  for (const std::string& name : found) {
    const auto identity = netns_identity(path_of(name));
    if (identity.ok() || identity.error().code != Errc::kInvalid) continue;
    if (unlink(path_of(name).c_str()) != 0 && errno != ENOENT) {
      return Error::from_errno("remove leftover " + path_of(name));
    }
  }
  remove_directories();
  return {};
}

}  // namespace egress::kernel
