// SPDX-License-Identifier: MIT
// Theory of operation: a file of the lab's is bind-mounted over this machine's, in a mount
// namespace that dies with the program. A bind mount needs something to cover, and /etc/resolv.conf
// may be missing or lead nowhere; then an overlay puts a writable layer over /etc first. The files
// stand in a tmpfs, which is mounted over /run/netns only as long as it takes to bind them.
#include "egressctl/exec_process.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "base/unique_fd.hpp"
#include "egressctl/exec_rights.hpp"
#include "egressctl/exit_status.hpp"

namespace egress::ctl {

namespace {

constexpr const char* kNetnsFolder = "/run/netns";
constexpr const char* kResolvConf = "/etc/resolv.conf";
constexpr const char* kHosts = "/etc/hosts";
constexpr const char* kTrusted = "/etc/ssl/certs/ca-certificates.crt";
// By which programs are told whom to trust that look elsewhere: OpenSSL's look for files by hashes,
// curl's may be built for another system, Python's requests and Node bring lists of their own.
constexpr const char* kTrustVariables[] = {"SSL_CERT_FILE", "CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE",
                                           "NODE_EXTRA_CA_CERTS"};
constexpr const char* kDefaultPath = "/bin:/usr/bin";  // of execvp(), where there is no PATH

Status mount_at(const char* what, const std::string& where, const char* type, unsigned long flags,
                const char* options) {
  if (::mount(what, where.c_str(), type, flags, options) == 0) return {};
  return Error::from_errno("mount " + where);
}

Status write_file(const std::string& path, const std::string& text) {
  const UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644));
  if (!fd.valid()) return Error::from_errno("create " + path);
  // Whatever umask the user has, the program may run as somebody else later.
  if (::fchmod(fd.get(), 0644) != 0) return Error::from_errno("create " + path);
  for (size_t done = 0; done < text.size();) {
    const ssize_t written = ::write(fd.get(), text.data() + done, text.size() - done);
    if (written < 0) return Error::from_errno("write " + path);
    done += static_cast<size_t>(written);
  }
  return {};
}

// A writable layer over /etc, for what cannot be covered; the machine's /etc stays as it is.
Status overlay_etc(const std::string& scratch) {
  const std::string upper = scratch + "/upper";
  const std::string work = scratch + "/work";
  for (const std::string& folder : {upper, work}) {
    if (::mkdir(folder.c_str(), 0755) != 0) return Error::from_errno("create " + folder);
  }
  const std::string options = fmt::format("lowerdir=/etc,upperdir={},workdir={}", upper, work);
  return mount_at("overlay", "/etc", "overlay", 0, options.c_str());
}

bool can_cover(const char* path) {
  struct stat status {};
  return ::stat(path, &status) == 0 && S_ISREG(status.st_mode);
}

Status place(const char* path, const std::string& replacement, const std::string& text) {
  RETURN_IF_ERROR(write_file(replacement, text));
  if (!can_cover(path)) {
    // Only over the overlay: a link that leads nowhere is replaced there.
    if (::unlink(path) != 0 && errno != ENOENT)
      return Error::from_errno(std::string("replace ") + path);
    RETURN_IF_ERROR(write_file(path, ""));
  }
  return mount_at(replacement.c_str(), path, nullptr, MS_BIND, nullptr);
}

std::string read_file(const char* path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// Whom this machine trusts, and the lab's authority.
Status place_trusted(const inspect::ExecContext& context, const std::string& scratch) {
  std::string text;
  if (can_cover(kTrusted)) text = read_file(kTrusted) + "\n";
  std::error_code error;
  std::filesystem::create_directories(std::filesystem::path(kTrusted).parent_path(), error);
  if (error) return Error::from_errno(std::string("make a place for ") + kTrusted, error.value());
  return place(kTrusted, scratch + "/trusted", text + context.authority);
}

// Whether programs are to trust the lab's authority: a machine without certificates that cannot
// have a layer over /etc goes without.
Result<bool> place_files(const inspect::ExecContext& context, const std::string& scratch) {
  bool layered = !can_cover(kResolvConf) || !can_cover(kHosts);
  if (layered) {
    RETURN_IF_ERROR(overlay_etc(scratch));
  } else if (!can_cover(kTrusted)) {
    layered = overlay_etc(scratch).ok();
  }
  RETURN_IF_ERROR(place(kResolvConf, scratch + "/resolv.conf", context.resolv_conf));
  RETURN_IF_ERROR(place(kHosts, scratch + "/hosts", context.hosts));
  const bool trusts = !context.authority.empty() && (layered || can_cover(kTrusted));
  if (trusts) RETURN_IF_ERROR(place_trusted(context, scratch));
  return trusts;
}

// sysfs shows the interfaces of the namespace in which it was mounted. Programs do without where
// it cannot be mounted, as in some containers. What cgroups say about limits stays visible.
void show_interfaces() {
  const UniqueFd cgroups(::open("/sys/fs/cgroup", O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (::mount("sysfs", "/sys", "sysfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, nullptr) != 0) return;
  if (!cgroups.valid()) return;
  const std::string before = fmt::format("/proc/self/fd/{}", cgroups.get());
  ::mount(before.c_str(), "/sys/fs/cgroup", nullptr, MS_BIND | MS_REC, nullptr);
}

Status enter_network(const std::string& netns) {
  const std::string path = fmt::format("{}/{}", kNetnsFolder, netns);
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.valid()) return Error::from_errno("open " + path);
  if (::setns(fd.get(), CLONE_NEWNET) != 0) return Error::from_errno("enter " + path);
  return {};
}

// Nothing but an empty folder or file is found there.
Status hide(const std::string& path, const std::string& empty_file) {
  struct stat found {};
  if (::stat(path.c_str(), &found) != 0) return {};
  if (S_ISDIR(found.st_mode)) {
    return mount_at("tmpfs", path, "tmpfs", MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC,
                    "mode=0755");
  }
  return mount_at(empty_file.c_str(), path, nullptr, MS_BIND, nullptr);
}

Status hide_all(const std::vector<std::string>& paths, const std::string& scratch) {
  const std::string empty_file = scratch + "/hidden";
  RETURN_IF_ERROR(write_file(empty_file, ""));
  for (const std::string& path : paths) RETURN_IF_ERROR(hide(path, empty_file));
  return {};
}

// Root may write there without any right of its own.
Status protect_settings() {
  constexpr const char* kSettings = "/proc/sys";
  RETURN_IF_ERROR(mount_at(kSettings, kSettings, nullptr, MS_BIND, nullptr));
  return mount_at("none", kSettings, nullptr,
                  MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC, nullptr);
}

// The installed tools, or those built beside this program.
std::string tools_folder() {
  std::error_code error;
  const auto here = std::filesystem::read_symlink("/proc/self/exe", error).parent_path();
  const auto built = here.parent_path() / "app-tools/app-bin";
  return std::filesystem::is_directory(built, error) ? built.string() : EGRESS_APP_BIN;
}

Status set_environment(const std::string& name, const std::string& value) {
  if (::setenv(name.c_str(), value.c_str(), 1) == 0) return {};
  return Error::from_errno(fmt::format("set '{}' in the environment", name));
}

}  // namespace

Status enter(const inspect::ExecContext& context, Rights rights) {
  if (context.netns.empty() || context.netns.find('/') != std::string::npos) {
    return Error{.code = Errc::kInvalid,
                 .message = fmt::format("'{}' is no name of a namespace", context.netns)};
  }
  RETURN_IF_ERROR(enter_network(context.netns));
  if (::unshare(CLONE_NEWNS) != 0) return Error::from_errno("make a mount namespace");
  // Our mounts stay here; what the machine unmounts goes away here too.
  RETURN_IF_ERROR(mount_at("none", "/", nullptr, MS_REC | MS_SLAVE, nullptr));
  RETURN_IF_ERROR(mount_at("tmpfs", kNetnsFolder, "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755"));
  ASSIGN_OR_RETURN(const bool trusts, place_files(context, kNetnsFolder));
  if (rights == Rights::kContainers) RETURN_IF_ERROR(hide_all(context.hidden, kNetnsFolder));
  if (::umount2(kNetnsFolder, MNT_DETACH) != 0)
    return Error::from_errno("unmount the scratch files");
  show_interfaces();
  if (rights == Rights::kContainers) {
    RETURN_IF_ERROR(hide(kNetnsFolder, ""));
    RETURN_IF_ERROR(protect_settings());
    RETURN_IF_ERROR(keep_rights_of_containers());
  }
  for (const char* const name : kTrustVariables) {
    if (trusts) RETURN_IF_ERROR(set_environment(name, kTrusted));
  }
  for (const auto& [name, value] : context.environment) {
    RETURN_IF_ERROR(set_environment(name, value));
  }
  const char* const path = ::getenv("PATH");
  return set_environment("PATH", tools_folder() + ":" + (path == nullptr ? kDefaultPath : path));
}

int become(const std::vector<std::string>& program) {
  std::vector<char*> arguments;
  for (const std::string& argument : program)
    arguments.push_back(const_cast<char*>(argument.c_str()));
  arguments.push_back(nullptr);
  ::execvp(arguments[0], arguments.data());
  return errno == ENOENT ? kNoCommand : kNotExecutable;
}

}  // namespace egress::ctl
