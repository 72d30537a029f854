// SPDX-License-Identifier: MIT
#include "kernel/responders.hpp"

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

#include "base/unique_fd.hpp"
#include "kernel/child_process.hpp"

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

std::string content_of(int fd) {
  std::string content;
  std::array<char, 4096> buffer{};
  ssize_t size = 0;
  while ((size = pread(fd, buffer.data(), buffer.size(), static_cast<off_t>(content.size()))) > 0) {
    content.append(buffer.data(), static_cast<size_t>(size));
  }
  return content;
}

// The file of a responder that ended without removing it. With the lock in our hand, none that just
// begins can have taken it over.
void remove_abandoned(const std::string& path) {
  const UniqueFd file(open(path.c_str(), O_RDWR | O_CLOEXEC));
  struct flock lock {};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  if (file.valid() && fcntl(file.get(), F_SETLK, &lock) == 0) unlink(path.c_str());
}

// Nothing when the content is no spec; the responder writes it once its ports are open.
std::optional<RunningResponder> parse_spec(const std::string& content) {
  const auto json = nlohmann::json::parse(content, nullptr, false);
  if (!json.is_object() || !json.contains("netns") || !json.contains("host") ||
      !json.contains("listen") || !json["netns"].is_string() || !json["host"].is_string() ||
      !json["listen"].is_array()) {
    return std::nullopt;
  }
  RunningResponder running{.netns = json["netns"], .responder = {.host = json["host"]}};
  for (const auto& port : json["listen"]) {
    if (!port.is_string()) return std::nullopt;
    running.responder.listen.push_back(port);
  }
  std::sort(running.responder.listen.begin(), running.responder.listen.end());
  return running;
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
    : directory_(std::move(directory)), program_(std::move(program)) {}

Result<std::vector<RunningResponder>> Responders::list() const {
  std::vector<RunningResponder> all;
  for (const std::string& host : names_in(directory_)) {
    const UniqueFd file(open(lock_path(host).c_str(), O_RDONLY | O_CLOEXEC));
    if (!file.valid()) continue;  // it has just ended
    const auto holder = holder_of(file.get());
    if (!holder) {
      remove_abandoned(lock_path(host));
      continue;
    }
    const auto identity = netns_identity(fmt::format("/proc/{}/ns/net", *holder));
    if (!identity.ok()) continue;
    // Who started one that has not come so far is dead, or has given up on it.
    auto running = parse_spec(content_of(file.get()))
                       .value_or(RunningResponder{.netns = host, .responder = {.host = host}});
    running.identity = *identity;
    all.push_back(std::move(running));
  }
  // Fails, rightly, while there are files.
  rmdir(directory_.c_str());
  return all;
}

Status Responders::start(const std::string& netns, const state::Responder& responder) const {
  if (responder.host.find('/') != std::string::npos) {
    return Error{.code = Errc::kInvalid, .message = "a host's name cannot hold a slash"};
  }
  ASSIGN_OR_RETURN(const std::vector<RunningResponder> all, list());
  for (const RunningResponder& running : all) {
    if (running.responder == responder && running.netns == netns) return {};
  }
  std::error_code error;
  std::filesystem::create_directories(directory_, error);
  if (error) return Error::from_errno("make directory " + directory_, error.value());
  std::vector<std::string> arguments = {
      program_, "--netns", netns, "--host", responder.host, "--lock", lock_path(responder.host)};
  arguments.insert(arguments.end(), responder.listen.begin(), responder.listen.end());
  return start_detached(arguments, kStartPatience);
}

Status Responders::stop(const std::string& host) const {
  const std::string path = lock_path(host);
  const UniqueFd file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.valid()) {
    if (errno == ENOENT) return {};
    return Error::from_errno("open " + path);
  }
  if (const auto holder = holder_of(file.get())) {
    RETURN_IF_ERROR(end_process(*holder, [&] { return holder_of(file.get()) == holder; }));
  }
  if (unlink(path.c_str()) != 0 && errno != ENOENT) return Error::from_errno("remove " + path);
  rmdir(directory_.c_str());
  return {};
}

}  // namespace egress::kernel
