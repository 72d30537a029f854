// SPDX-License-Identifier: MIT
#include "kernel/netns.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <vector>

#include "kernel/netns_owner.hpp"
#include "kernel/sysctl_file.hpp"

namespace egress::kernel {
namespace {

constexpr const char* kNetnsDir = "/run/netns";

std::string path_of(const std::string& name) {
  return std::string(kNetnsDir) + "/" + name;
}

std::string fd_path(int fd) {
  return "/proc/self/fd/" + std::to_string(fd);
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

bool is_link(const std::string& path) {
  struct stat file {};
  return lstat(path.c_str(), &file) == 0 && S_ISLNK(file.st_mode);
}

}  // namespace

Result<std::vector<std::string>> all_netns_names() {
  return entries_of(kNetnsDir);
}

Result<UniqueFd> open_netns(const std::string& name) {
  // A pipe of that name must not make us wait.
  UniqueFd fd(::open(path_of(name).c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (!fd.valid()) return Error::from_errno("open namespace " + name);
  return fd;
}

NetnsDirectory::NetnsDirectory(state::NetnsMark mark, std::string run_dir)
    : mark_(std::move(mark)), run_dir_(std::move(run_dir)) {}

Result<std::vector<std::string>> NetnsDirectory::names() const {
  ASSIGN_OR_RETURN(std::vector<std::string> found, all_netns_names());
  std::erase_if(found, [&](const auto& name) { return !name.starts_with(mark_.prefix + "-"); });
  std::sort(found.begin(), found.end());
  return found;
}

Result<std::optional<NetnsIdentity>> NetnsDirectory::look(const std::string& name) const {
  const std::string path = path_of(name);
  // A link would be one more name of what has a name already.
  if (is_link(path)) return std::optional<NetnsIdentity>();
  auto identity = netns_identity(path);
  if (identity.ok()) return std::optional(*identity);
  if (identity.error().code != Errc::kInvalid) return std::move(identity).error();
  if (!is_own_file(path)) return std::optional<NetnsIdentity>();
  return Error{.code = Errc::kNotFound, .message = path + " is no namespace yet"};
}

// In a copy of the directory's mount without those in it, where the files below them show.
std::vector<std::string> NetnsDirectory::given(const std::vector<std::string>& names) const {
  const UniqueFd bare(open_tree(AT_FDCWD, kNetnsDir, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC));
  std::vector<std::string> ours;
  if (!bare.valid()) return ours;
  for (const std::string& name : names) {
    if (is_own_file(bare.get(), name)) ours.push_back(name);
  }
  return ours;
}

bool NetnsDirectory::is_own_file(const std::string& path) const {
  return is_own_file(AT_FDCWD, path);
}

bool NetnsDirectory::is_own_file(int folder, const std::string& path) const {
  const UniqueFd file(openat(folder, path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  struct stat about {};
  if (!file.valid() || fstat(file.get(), &about) != 0 || !S_ISREG(about.st_mode)) return false;
  const std::string expected = to_alias(mark_);
  std::string content(expected.size() + 1, '\0');
  const ssize_t size = read(file.get(), content.data(), content.size());
  content.resize(size < 0 ? 0 : static_cast<size_t>(size));
  return content == expected;
}

std::string NetnsDirectory::note_path(const char* what) const {
  return run_dir_ + "/" + what;
}

Status NetnsDirectory::write_note(const char* what) const {
  const std::string path = note_path(what);
  const UniqueFd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0644));
  if (!file.valid()) return Error::from_errno("write " + path);
  return {};
}

// As `ip netns add` does, and before it can: when it turns the directory into a mount point later,
// it doubles the mounts that are there, and their names can then no more be removed. Notes come
// first: whoever dies in between leaves one too many, which does no harm, and not one too few.
Status NetnsDirectory::make_directories() const {
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
  const auto all = entries_of(kNetnsDir);
  if (!all.ok() || !all->empty()) return;
  const std::string mounted = note_path(kMountedNote);
  if (access(mounted.c_str(), F_OK) == 0) {
    // Not while somebody has mounted something there since: it would go along.
    if (is_mount_point(kNetnsDir) && umount2(kNetnsDir, 0) != 0) return;
    unlink(mounted.c_str());
  }
  const std::string made = note_path(kMadeNote);
  if (access(made.c_str(), F_OK) != 0) return;
  if (rmdir(kNetnsDir) == 0 || errno == ENOENT) unlink(made.c_str());
}

// Written before it has a name: with one, it could be met without its content.
Status NetnsDirectory::make_file(const std::string& path) const {
  const UniqueFd file(::open(kNetnsDir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0444));
  if (!file.valid()) return Error::from_errno(std::string("make a file in ") + kNetnsDir);
  const std::string content = to_alias(mark_);
  if (write(file.get(), content.data(), content.size()) != static_cast<ssize_t>(content.size())) {
    return Error::from_errno("write " + path);
  }
  const std::string unnamed = fd_path(file.get());
  if (linkat(AT_FDCWD, unnamed.c_str(), AT_FDCWD, path.c_str(), AT_SYMLINK_FOLLOW) == 0) return {};
  const int refusal = errno;
  if (refusal == EEXIST && is_own_file(path)) return {};
  return Error::from_errno("create " + path, refusal);
}

Status NetnsDirectory::mount_new_netns(const std::string& path) const {
  ASSIGN_OR_RETURN(const UniqueFd home, own_netns());
  if (unshare(CLONE_NEWNET) != 0) return Error::from_errno("make a network namespace");
  Status status = switch_ipv6("all", false);
  if (status.ok()) status = write_mark(mark_);
  if (status.ok() && mount(kOwnNetns, path.c_str(), nullptr, MS_BIND, nullptr) != 0) {
    status = Error::from_errno("mount a namespace on " + path);
  }
  EG_CHECK(setns(home.get(), CLONE_NEWNET) == 0, "the thread cannot return to its namespace");
  return status;
}

Status NetnsDirectory::check_name(const std::string& name) const {
  if (name.starts_with(mark_.prefix + "-") && name.find('/') == name.npos) return {};
  return Error{.code = Errc::kInvalid, .message = "not a namespace name of ours: " + name};
}

Status NetnsDirectory::create(const std::string& name) const {
  RETURN_IF_ERROR(check_name(name));
  const std::string path = path_of(name);
  RETURN_IF_ERROR(make_directories());
  RETURN_IF_ERROR(make_file(path));
  Status mounted = mount_new_netns(path);
  if (!mounted.ok()) unlink(path.c_str());
  return mounted;
}

// What is unmounted is what was looked at, whatever has been given that name since.
Status NetnsDirectory::remove(const std::string& name, const NetnsIdentity& identity) const {
  const std::string path = path_of(name);
  const UniqueFd place(::open(path.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
  if (!place.valid()) return errno == ENOENT ? Status() : Error::from_errno("look at " + path);
  const std::string opened = fd_path(place.get());
  const auto found = netns_identity(opened);
  if (!found.ok() || *found != identity) return {};
  if (umount2(opened.c_str(), MNT_DETACH) != 0) return Error::from_errno("unmount " + path);
  if (unlink(path.c_str()) != 0 && errno != ENOENT) return Error::from_errno("remove " + path);
  return {};
}

Status NetnsDirectory::add_name(const std::string& name, int netns_fd) const {
  const std::string path = path_of(name);
  RETURN_IF_ERROR(make_file(path));
  if (mount(fd_path(netns_fd).c_str(), path.c_str(), nullptr, MS_BIND, nullptr) == 0) return {};
  Error error = Error::from_errno("mount a namespace on " + path);
  unlink(path.c_str());
  return error;
}

// There is no call that moves a mount of a directory whose mounts others share.
Status NetnsDirectory::rename(const std::string& from, const std::string& to, int netns_fd) const {
  RETURN_IF_ERROR(check_name(to));
  ASSIGN_OR_RETURN(const NetnsIdentity identity, netns_identity(fd_path(netns_fd)));
  const auto there = look(to);
  if (!there.ok() && there.error().code != Errc::kNotFound) return there.error();
  if (!there.ok()) {
    RETURN_IF_ERROR(add_name(to, netns_fd));
  } else if (*there != identity) {
    return Error::from_errno("call a namespace " + to, EEXIST);
  }
  return remove(from, identity);
}

Status NetnsDirectory::remove_leftovers() const {
  ASSIGN_OR_RETURN(const auto found, names());
  for (const std::string& name : found) {
    const std::string path = path_of(name);
    if (!is_own_file(path)) continue;
    if (unlink(path.c_str()) != 0 && errno != ENOENT) {
      return Error::from_errno("remove leftover " + path);
    }
  }
  remove_directories();
  return {};
}

}  // namespace egress::kernel
