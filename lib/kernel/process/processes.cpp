// SPDX-License-Identifier: MIT
#include "kernel/process/processes.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/folder.hpp"
#include "base/number.hpp"
#include "kernel/attachment/control_socket.hpp"
#include "kernel/process/child_process.hpp"

namespace egress::kernel {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::milliseconds kStartPatience{10'000};
constexpr std::chrono::milliseconds kEndPatience{2'000};
constexpr const char* kLockName = ".process";

std::string lock_path(const std::string& folder) {
  return folder + "/" + kLockName;
}

// The process that holds the lock, nothing when nobody does.
std::optional<pid_t> holder_of(int fd) {
  struct flock lock {};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  if (fcntl(fd, F_GETLK, &lock) != 0 || lock.l_type == F_UNLCK) return std::nullopt;
  return lock.l_pid;
}

// Nothing for what is no plain file in a folder of our own: neither made here nor to be waited for.
std::optional<UniqueFd> open_lock(const std::string& folder) {
  if (!check_own_folder(folder).ok()) return std::nullopt;
  UniqueFd file(open(lock_path(folder).c_str(), O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  struct stat about {};
  if (!file.valid() || fstat(file.get(), &about) != 0 || !S_ISREG(about.st_mode)) {
    return std::nullopt;
  }
  return file;
}

// A killed process has left its namespaces, and so is none of a lab's any longer, before the last
// of its threads lets go of its locks.
void wait_for_dying(const std::string& folder) {
  const auto file = open_lock(folder);
  const auto holder = file ? holder_of(file->get()) : std::nullopt;
  if (holder) (void)has_ended(*holder, kEndPatience);
}

// What a process left that ended, unless one that just begins has taken it over: none can once the
// lock is in our hand.
Status remove_abandoned(const std::string& folder) {
  std::error_code error;
  const auto file = open_lock(folder);
  const bool is_left =
      file ? take_lock(file->get()) : !fs::exists(fs::symlink_status(lock_path(folder), error));
  if (!is_left) return {};
  fs::remove_all(folder, error);
  return error ? Error::from_errno("remove " + folder, error.value()) : Status();
}

Result<std::string> spec_of(const state::Process& process) try {
  return nlohmann::ordered_json{{"program", process.program},
                                {"arguments", process.arguments},
                                {"files", process.files},
                                {"rereadsFiles", process.rereads_files}}
      .dump();
} catch (const nlohmann::json::exception&) {
  return Error{.code = Errc::kInvalid,
               .message = "arguments and files of process " + process.name + " are not all UTF-8"};
}

// Nothing when the file has no spec, which is written once the process is ready.
std::optional<state::Process> read_spec(int fd, const std::string& name) try {
  std::ifstream file(fmt::format("/proc/self/fd/{}", fd));
  const auto json = nlohmann::json::parse(file);
  return state::Process{.name = name,
                        .program = json.at("program"),
                        .arguments = json.at("arguments"),
                        .files = json.at("files"),
                        .rereads_files = json.value("rereadsFiles", false)};
} catch (const nlohmann::json::exception&) {
  return std::nullopt;
}

Status check_names(const std::string& netns, const state::Process& process) {
  std::vector<std::string> names = {netns, process.name};
  for (const auto& [file, content] : process.files) names.push_back(file);
  for (const std::string& name : names) {
    // Names with a dot in front are ours.
    if (!name.empty() && name.front() != '.' && name.find('/') == std::string::npos) continue;
    return Error{.code = Errc::kInvalid,
                 .message = fmt::format("no file of process '{}' in {} can have the name '{}'",
                                        process.name, netns, name)};
  }
  return {};
}

Status write_to(int fd, const std::string& content, const std::string& path) {
  const ssize_t written = write(fd, content.data(), content.size());
  if (written == static_cast<ssize_t>(content.size())) return {};
  return Error::from_errno("write " + path, written < 0 ? errno : ENOSPC);
}

Result<UniqueFd> make_file(const std::string& path, const std::string& content) {
  UniqueFd file(open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!file.valid()) return Error::from_errno("make " + path);
  RETURN_IF_ERROR(write_to(file.get(), content, path));
  return file;
}

// At once for whoever reads it.
Status replace_file(const std::string& folder, const std::string& name,
                    const std::string& content) {
  const std::string fresh = folder + "/.new";
  std::error_code error;
  fs::remove(fresh, error);
  RETURN_IF_ERROR(make_file(fresh, content));
  fs::rename(fresh, folder + "/" + name, error);
  return error ? Error::from_errno("replace " + folder + "/" + name, error.value()) : Status();
}

// The folders in one that nobody else has a hand in; none when there is no such one.
Result<std::vector<std::string>> folders_in(const std::string& path) {
  std::vector<std::string> names;
  const Status own = check_own_folder(path);
  if (!own.ok() && own.error().code == Errc::kNotFound) return names;
  RETURN_IF_ERROR(own);
  std::error_code error;
  for (fs::directory_iterator entry(path, error), end; !error && entry != end;
       entry.increment(error)) {
    std::error_code gone;
    if (fs::is_directory(entry->symlink_status(gone))) names.push_back(entry->path().filename());
  }
  return names;
}

// The folder whose file a process has locked, as that was called when it was still there; empty
// when it has none. Its children have the file open, and not the lock.
fs::path folder_of_process(pid_t pid) {
  static constexpr std::string_view kGone = " (deleted)";
  std::error_code error;
  for (fs::directory_iterator entry(fmt::format("/proc/{}/fd", pid), error), end;
       !error && entry != end; entry.increment(error)) {
    std::error_code closed;
    std::string path = fs::read_symlink(entry->path(), closed);
    if (path.ends_with(kGone)) path.resize(path.size() - kGone.size());
    if (fs::path(path).filename() != kLockName) continue;
    const UniqueFd file(open(entry->path().c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC));
    if (file.valid() && holder_of(file.get()) == pid) return fs::path(path).parent_path();
  }
  return {};
}

std::vector<pid_t> all_processes() {
  std::vector<pid_t> pids;
  std::error_code error;
  for (fs::directory_iterator entry("/proc", error), end; !error && entry != end;
       entry.increment(error)) {
    if (const auto pid = parse_number<pid_t>(entry->path().filename().string())) {
      pids.push_back(*pid);
    }
  }
  return pids;
}

}  // namespace

std::string Processes::folder_of(const std::string& netns, const std::string& name) const {
  return all_ + "/" + netns + "/" + name;
}

Result<std::string> Processes::path_of(const std::string& program) const {
  if (program.rfind('/', 0) == 0) return program;
  if (const auto known = programs_.find(program); known != programs_.end()) return known->second;
  return Error{.code = Errc::kInvalid,
               .message = "no program is called '" + program + "': give its path"};
}

// Fails, rightly, while something is in them.
void Processes::remove_empty_folders(const std::vector<std::string>& places) const {
  for (const std::string& netns : places) rmdir((all_ + "/" + netns).c_str());
  rmdir(all_.c_str());
  rmdir(directory_.c_str());
}

std::optional<RunningProcess> Processes::look(const std::string& netns,
                                              const std::string& name) const {
  const auto file = open_lock(folder_of(netns, name));
  const auto holder = file ? holder_of(file->get()) : std::nullopt;
  if (!holder) return std::nullopt;
  const auto identity = netns_identity(fmt::format("/proc/{}/ns/net", *holder));
  if (!identity.ok()) return std::nullopt;
  RunningProcess running{.pid = *holder, .identity = *identity, .netns = netns};
  // Who started one that has not come so far is dead, or has given up on it.
  auto spec = read_spec(file->get(), name);
  running.complete = spec.has_value();
  running.process = spec ? *std::move(spec) : state::Process{.name = name};
  running.attached = list_of(folder_of(netns, name));
  return running;
}

Result<std::vector<RunningProcess>> Processes::list() const {
  std::vector<RunningProcess> found;
  RETURN_IF_ERROR(folders_in(directory_));
  ASSIGN_OR_RETURN(const std::vector<std::string> places, folders_in(all_));
  for (const std::string& netns : places) {
    ASSIGN_OR_RETURN(const std::vector<std::string> names, folders_in(all_ + "/" + netns));
    for (const std::string& name : names) {
      RETURN_IF_ERROR(check_own_folder(folder_of(netns, name)));
      if (auto running = look(netns, name)) {
        found.push_back(*std::move(running));
      } else {
        (void)remove_abandoned(folder_of(netns, name));  // the next one tries again
      }
    }
  }
  remove_empty_folders(places);
  return found;
}

std::vector<RunningProcess> Processes::homeless(const std::vector<RunningProcess>& known) const {
  std::vector<RunningProcess> found;
  const auto own = netns_identity("/proc/self/ns/net");
  for (const pid_t pid : all_processes()) {
    const auto identity = netns_identity(fmt::format("/proc/{}/ns/net", pid));
    const bool is_known = std::any_of(known.begin(), known.end(),
                                      [&](const RunningProcess& each) { return each.pid == pid; });
    if (is_known || !identity.ok() || !own.ok() || *identity == *own) continue;
    const fs::path folder = folder_of_process(pid);
    if (folder.parent_path().parent_path() != all_) continue;
    found.push_back({.pid = pid,
                     .identity = *identity,
                     .netns = folder.parent_path().filename(),
                     .homeless = true,
                     .process = {.name = folder.filename()}});
  }
  return found;
}

Result<UniqueFd> Processes::make_folder_of(const ProcessPlace& place,
                                           const state::Process& process) const {
  const std::string folder = folder_of(place.name, process.name);
  wait_for_dying(folder);
  RETURN_IF_ERROR(remove_abandoned(folder));
  RETURN_IF_ERROR(make_folder(folder, 0755));
  for (const std::string& own : {directory_, all_, all_ + "/" + place.name, folder}) {
    RETURN_IF_ERROR(check_own_folder(own));
  }
  ASSIGN_OR_RETURN(UniqueFd lock, make_file(lock_path(folder), ""));
  for (const auto& [name, content] : process.files) {
    RETURN_IF_ERROR(make_file(folder + "/" + name, content));
  }
  return lock;
}

Status Processes::start(const ProcessPlace& place, const state::Process& process) const {
  RETURN_IF_ERROR(check_names(place.name, process));
  ASSIGN_OR_RETURN(const std::string spec, spec_of(process));
  Detached program{.folder = folder_of(place.name, process.name), .netns_fd = place.netns_fd};
  ASSIGN_OR_RETURN(program.command.emplace_back(), path_of(process.program));
  program.command.insert(program.command.end(), process.arguments.begin(), process.arguments.end());
  if (const auto running = look(place.name, process.name)) {
    if (running->identity == place.identity && running->process == process) return {};
    return Error{.code = Errc::kBusy,
                 .message = fmt::format("process {}, which is not the one wanted in namespace {}, "
                                        "has {} locked: end that process",
                                        running->pid, place.name, lock_path(program.folder))};
  }
  ASSIGN_OR_RETURN(const UniqueFd lock, make_folder_of(place, process));
  program.lock_fd = lock.get();
  RETURN_IF_ERROR(start_detached(program, kStartPatience));
  return write_to(lock.get(), spec, lock_path(program.folder));
}

// The spec comes last: whoever is interrupted before finds the old one, and does all again.
Status Processes::reread(const ProcessPlace& place, const state::Process& process) const {
  RETURN_IF_ERROR(check_names(place.name, process));
  ASSIGN_OR_RETURN(const std::string spec, spec_of(process));
  const std::string folder = folder_of(place.name, process.name);
  const auto running = look(place.name, process.name);
  const auto lock = open_lock(folder);
  if (!running || !lock || running->identity != place.identity ||
      !state::becomes_by_rereading(running->process, process)) {
    return Error{.code = Errc::kNotFound,
                 .message = fmt::format("process {} in {} does not run as it did", process.name,
                                        place.name)};
  }
  for (const auto& [name, content] : process.files) {
    RETURN_IF_ERROR(replace_file(folder, name, content));
  }
  RETURN_IF_ERROR(
      signal_process(running->pid, SIGHUP, [&] { return holder_of(lock->get()) == running->pid; }));
  if (ftruncate(lock->get(), 0) != 0) return Error::from_errno("empty " + lock_path(folder));
  return write_to(lock->get(), spec, lock_path(folder));
}

Status Processes::stop(const std::string& netns, const std::string& name,
                       const std::function<bool(pid_t)>& is_ours) const {
  RETURN_IF_ERROR(check_names(netns, {.name = name}));
  const std::string folder = folder_of(netns, name);
  const auto file = open_lock(folder);
  if (!file) return {};
  if (const auto holder = holder_of(file->get())) {
    RETURN_IF_ERROR(
        end_process(*holder, [&] { return holder_of(file->get()) == holder && is_ours(*holder); }));
    if (holder_of(file->get())) return {};
  }
  RETURN_IF_ERROR(remove_abandoned(folder));
  remove_empty_folders({netns});
  return {};
}

Status Processes::stop(const RunningProcess& homeless,
                       const std::function<bool(pid_t)>& is_ours) const {
  const std::string folder = folder_of(homeless.netns, homeless.process.name);
  return end_process(homeless.pid, [&] {
    return folder_of_process(homeless.pid) == folder && is_ours(homeless.pid);
  });
}

Status Processes::move(const std::string& from, const std::string& to,
                       const std::string& name) const {
  RETURN_IF_ERROR(check_names(to, {.name = name}));
  const std::string folder = folder_of(from, name);
  const std::string moved = folder_of(to, name);
  RETURN_IF_ERROR(remove_abandoned(moved));
  RETURN_IF_ERROR(make_folder(all_ + "/" + to, 0755));
  for (const std::string& own : {directory_, all_, all_ + "/" + from, all_ + "/" + to, folder}) {
    RETURN_IF_ERROR(check_own_folder(own));
  }
  if (renameat2(AT_FDCWD, folder.c_str(), AT_FDCWD, moved.c_str(), RENAME_NOREPLACE) == 0) {
    return {};
  }
  return Error::from_errno("move " + folder);
}

Status Processes::move_all(const std::string& from, const std::string& to) const {
  ASSIGN_OR_RETURN(const std::vector<std::string> names, folders_in(all_ + "/" + from));
  for (const std::string& name : names) RETURN_IF_ERROR(move(from, to, name));
  remove_empty_folders({from});
  return {};
}

Result<UniqueFd> Processes::open_folder(const std::string& netns, const std::string& name) const {
  RETURN_IF_ERROR(check_names(netns, {.name = name}));
  const std::string folder = folder_of(netns, name);
  if (!look(netns, name)) {
    return Error{.code = Errc::kNotFound,
                 .message = fmt::format("process {} in {} does not run", name, netns)};
  }
  UniqueFd opened(open(folder.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!opened.valid()) return Error::from_errno("open " + folder);
  return opened;
}

}  // namespace egress::kernel
