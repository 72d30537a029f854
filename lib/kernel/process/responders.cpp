// SPDX-License-Identifier: MIT
#include "kernel/process/responders.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/folder.hpp"
#include "base/unique_fd.hpp"
#include "kernel/process/child_process.hpp"

namespace egress::kernel {
namespace {

constexpr std::chrono::milliseconds kStartPatience{10'000};

// The process that holds the lock, nothing when nobody does.
std::optional<pid_t> holder_of(int fd) {
  struct flock lock {};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  if (fcntl(fd, F_GETLK, &lock) != 0 || lock.l_type == F_UNLCK) return std::nullopt;
  return lock.l_pid;
}

// A spec of 65,535 ports is half of that.
constexpr size_t kLongestSpec = size_t{1} << 20U;

std::string content_of(int fd) {
  std::string content;
  std::array<char, 4096> buffer{};
  ssize_t size = 0;
  while (content.size() < kLongestSpec &&
         (size = pread(fd, buffer.data(), buffer.size(), static_cast<off_t>(content.size()))) > 0) {
    content.append(buffer.data(), static_cast<size_t>(size));
  }
  return content;
}

// The file of a responder that ended without removing it. With the lock in our hand, none that just
// begins can have taken it over.
void remove_abandoned(const std::string& path) {
  const UniqueFd file(open(path.c_str(), O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  struct flock lock {};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  if (file.valid() && fcntl(file.get(), F_SETLK, &lock) == 0) unlink(path.c_str());
}

// What the responder of this host listens on; nothing when the content is no spec of its own, which
// it writes once its ports are open.
std::optional<std::vector<std::string>> parse_ports(const std::string& content,
                                                    const std::string& host) {
  const auto json = nlohmann::json::parse(content, nullptr, false);
  if (!json.is_object() || !json.contains("host") || !json.contains("listen") ||
      json["host"] != host || !json["listen"].is_array()) {
    return std::nullopt;
  }
  std::vector<std::string> listen;
  for (const auto& port : json["listen"]) {
    if (!port.is_string()) return std::nullopt;
    listen.push_back(port);
  }
  std::sort(listen.begin(), listen.end());
  return listen;
}

// Nothing for what is no plain file: neither made by a responder nor to be waited for.
std::optional<UniqueFd> open_lock(const std::string& path) {
  UniqueFd file(open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  struct stat about {};
  if (!file.valid() || fstat(file.get(), &about) != 0 || !S_ISREG(about.st_mode)) {
    return std::nullopt;
  }
  return file;
}

// The program could not take the lock, and would not know whose it is.
Status check_not_held_elsewhere(const ResponderPlace& place, const std::string& path) {
  const auto file = open_lock(path);
  const auto holder = file ? holder_of(file->get()) : std::nullopt;
  if (!holder) return {};
  const auto identity = netns_identity(fmt::format("/proc/{}/ns/net", *holder));
  if (identity.ok() && *identity == place.identity) return {};
  return Error{.code = Errc::kBusy,
               .message = fmt::format("process {}, which is not in namespace {}, has {} locked: "
                                      "end that process",
                                      *holder, place.name, path)};
}

bool is_file_name(const std::string& host) {
  return !host.empty() && host != "." && host != ".." && host.find('/') == std::string::npos;
}

Error no_file_name(const std::string& host) {
  return {.code = Errc::kInvalid, .message = "no file can have the name of host '" + host + "'"};
}

std::vector<std::string> names_in(const std::string& directory) {
  std::vector<std::string> names;
  std::error_code error;
  for (std::filesystem::directory_iterator entry(directory, error), end; !error && entry != end;
       entry.increment(error)) {
    names.push_back(entry->path().filename());
  }
  return names;
}

}  // namespace

Responders::Responders(std::string directory, std::string program)
    : directory_(std::move(directory)),
      hosts_(directory_ + "/hosts"),
      program_(std::move(program)) {}

Result<bool> Responders::check_folders() const {
  for (const std::string& folder : {directory_, hosts_}) {
    const Status own = check_own_folder(folder);
    if (!own.ok() && own.error().code == Errc::kNotFound) return false;
    if (!own.ok()) return own.error();
  }
  return true;
}

// Fails, rightly, while something is in them.
void Responders::remove_empty_folders() const {
  rmdir(hosts_.c_str());
  rmdir(directory_.c_str());
}

Result<std::vector<RunningResponder>> Responders::list() const {
  std::vector<RunningResponder> all;
  ASSIGN_OR_RETURN(const bool present, check_folders());
  for (const std::string& host : present ? names_in(hosts_) : std::vector<std::string>()) {
    const auto file = open_lock(lock_path(host));
    if (!file) continue;  // it has just ended, or is none of ours
    const auto holder = holder_of(file->get());
    if (!holder) {
      remove_abandoned(lock_path(host));
      continue;
    }
    const auto identity = netns_identity(fmt::format("/proc/{}/ns/net", *holder));
    if (!identity.ok()) continue;
    // Who started one that has not come so far is dead, or has given up on it.
    const auto ports = parse_ports(content_of(file->get()), host);
    all.push_back({.pid = *holder, .identity = *identity, .complete = ports.has_value()});
    all.back().responder = {host, ports ? *ports : std::vector<std::string>()};
  }
  remove_empty_folders();
  return all;
}

Status Responders::start(const ResponderPlace& place, const state::Responder& responder) const {
  if (!is_file_name(responder.host)) return no_file_name(responder.host);
  ASSIGN_OR_RETURN(const std::vector<RunningResponder> all, list());
  for (const RunningResponder& running : all) {
    const bool in_place = running.complete && running.identity == place.identity;
    if (in_place && running.responder == responder) return {};
  }
  RETURN_IF_ERROR(make_folder(hosts_, 0755));
  RETURN_IF_ERROR(check_not_held_elsewhere(place, lock_path(responder.host)));
  std::vector<std::string> arguments = {program_, "--host", responder.host, "--lock",
                                        lock_path(responder.host)};
  arguments.insert(arguments.end(), responder.listen.begin(), responder.listen.end());
  return start_detached(arguments, place.netns_fd, kStartPatience);
}

Status Responders::stop(const std::string& host, const std::function<bool(pid_t)>& is_ours) const {
  if (!is_file_name(host)) return no_file_name(host);
  const std::string path = lock_path(host);
  const auto file = open_lock(path);
  if (!file) return {};
  if (const auto holder = holder_of(file->get())) {
    RETURN_IF_ERROR(
        end_process(*holder, [&] { return holder_of(file->get()) == holder && is_ours(*holder); }));
    if (holder_of(file->get())) return {};
  }
  if (unlink(path.c_str()) != 0 && errno != ENOENT) return Error::from_errno("remove " + path);
  remove_empty_folders();
  return {};
}

}  // namespace egress::kernel
