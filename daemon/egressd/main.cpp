// SPDX-License-Identifier: MIT
// egressd owns the network namespaces, leases and rules of one lab. One process, one lab.

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <utility>

#include "base/memory.hpp"
#include "compile/speakers.hpp"
#include "egressd/cleanup.hpp"
#include "egressd/daemon.hpp"
#include "egressd/doctor.hpp"
#include "egressd/lab_claim.hpp"
#include "egressd/prefix_claim.hpp"
#include "egressd/settings.hpp"
#include "egressd/socket.hpp"
#include "kernel/high_fd.hpp"
#include "kernel/netns_owner.hpp"
#include "probe/probe.hpp"

namespace egress::daemon {
namespace {

constexpr int kFailure = 1;

void set_up_logging(const std::string& level) {
  auto logger = spdlog::stderr_logger_st("egressd");
  // The journal has times and priorities of its own.
  const bool journal = std::getenv("JOURNAL_STREAM") != nullptr;
  logger->set_pattern(journal ? "%l: %v" : "%Y-%m-%dT%H:%M:%S%z %l: %v");
  logger->set_level(spdlog::level::from_str(level));
  spdlog::set_default_logger(std::move(logger));
}

int print(const std::vector<lab::Finding>& findings, std::FILE* out) {
  for (const lab::Finding& finding : findings) {
    std::fprintf(out, "%s\n", finding.to_string().c_str());
  }
  return lab::any_error(findings) ? kFailure : 0;
}

// The program that is built or placed beside this one, or the installed one.
std::string program_at(const std::string& name) {
  std::error_code error;
  const auto here = std::filesystem::read_symlink("/proc/self/exe", error).parent_path();
  for (const auto& beside : {here / name, here.parent_path() / name / name}) {
    if (::access(beside.c_str(), X_OK) == 0 && !std::filesystem::is_directory(beside, error)) {
      return beside.string();
    }
  }
  return std::string(EGRESS_LIBEXEC) + "/" + name;
}

// What processes of labs are called, by the paths of the programs.
std::map<std::string, std::string> lab_programs() {
  std::map<std::string, std::string> programs;
  for (const char* name : {"egress-dns", "egress-host", "egress-identity", "egress-wire"}) {
    programs[name] = program_at(name);
  }
  return programs;
}

// Each namespace is held open.
compile::SizeLimits within_open_files(compile::SizeLimits limits) {
  const size_t most = kernel::namespaces_within_fd_limit();
  if (most >= limits.namespaces) return limits;
  limits.namespaces = most;
  limits.namespaces_setting = "the hard limit of open files (LimitNOFILE= in the unit)";
  return limits;
}

int check_lab(const Settings& settings) {
  const auto limits = within_open_files(settings.limits);
  const lab::Loaded loaded = compile::within(lab::load_file(settings.lab), limits, settings.lab);
  return print(loaded.findings, stdout);
}

int report(const std::vector<Check>& checks) {
  std::printf("%s", to_json(checks).c_str());
  const bool failed = std::any_of(checks.begin(), checks.end(), [](const Check& each) {
    return each.state == Check::State::kFailed;
  });
  return failed ? kFailure : 0;
}

// What has no meaning here must not end the daemon, whose default for these is just that.
void ignore_foreign_signals() {
  for (const int number : {SIGPIPE, SIGUSR1, SIGUSR2}) std::signal(number, SIG_IGN);
}

// The loop's handlers come and go with the daemon. A signal before that would end a start that then
// counts as unfinished; one behind that must not cut short what is left of an end in good order.
void set_signals(int how) {
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(how, &all, nullptr);
}

// What is damaged stays so until somebody decides.
Status readable(Status restored) {
  if (restored.ok() || restored.error().code != Errc::kInvalid) return restored;
  return Error{.code = Errc::kInvalid,
               .message = restored.error().to_string() +
                          "; 'egressd --forget-state' puts it aside, and the next start begins "
                          "without it"};
}

// Whoever has not switched it off may wonder.
void say_fast_path(const Settings& settings, const kernel::Kernel& kernel) {
  const auto why_not = kernel.flow_cache().why_not;
  if (why_not && settings.fast_path == kOn) spdlog::warn("no fast path: {}", *why_not);
}

Status serve(const Settings& settings) {
  ASSIGN_OR_RETURN(const LabClaim claim, claim_lab(settings));
  ASSIGN_OR_RETURN(const auto marks, kernel::marks_of_all());
  RETURN_IF_ERROR(check_stopped_labs(state::make_mark(settings.prefix, claim.state_dir), marks));
  RETURN_IF_ERROR(kernel::raise_fd_limit());
  ASSIGN_OR_RETURN(SocketFile socket, SocketFile::listen(settings.socket));
  const Clock clock;
  ASSIGN_OR_RETURN(const auto kernel, open_kernel(settings, claim, lab_programs(), clock));
  say_fast_path(settings, *kernel);
  // Last, as a start counts from here on, and what fails before is not the lab's fault.
  session::Session session({.prefix = settings.prefix,
                            .limits = within_open_files(settings.limits),
                            .bird_installed = ::access(compile::kBird, X_OK) == 0,
                            .flow_cache = !kernel->flow_cache().why_not},
                           store::Store(store::database_in(claim.state_dir)));
  set_signals(SIG_BLOCK);
  RETURN_IF_ERROR(readable(session.restore(clock.now())));
  Daemon daemon(settings, std::move(session), *kernel, probe::Probes{}, clock);
  set_signals(SIG_UNBLOCK);
  const Status status = daemon.run(socket.take_fd());
  set_signals(SIG_BLOCK);
  return status;
}

int clean(const CommandLine& line) {
  const auto say = [](const std::string& text) {
    std::printf("%s\n", text.c_str());
    std::fflush(stdout);
  };
  const Status done = clean_up(line.settings, {.lab = line.cleanup, .state = line.forget_state},
                               lab_programs(), say);
  if (done.ok()) return 0;
  std::fprintf(stderr, "egressd: %s\n", done.error().to_string().c_str());
  return kFailure;
}

int run(int argc, const char* const* argv) {
  const Result<CommandLine> line = read_command_line(argc, argv);
  if (!line.ok()) {
    std::fprintf(stderr, "egressd: %s\n", line.error().to_string().c_str());
    return kFailure;
  }
  const int configuration_result = print(line->findings, line->check ? stdout : stderr);
  if (line->check) {
    const int lab_result = line->settings.lab.empty() ? 0 : check_lab(line->settings);
    return configuration_result + lab_result == 0 ? 0 : kFailure;
  }
  if (configuration_result != 0) return kFailure;
  if (line->doctor) return report(examine(line->settings, lab_programs()));
  if (line->cleanup || line->forget_state) return clean(*line);
  set_up_logging(line->settings.log_level);
  // Read by libuv with the first work.
  ::setenv("UV_THREADPOOL_SIZE", std::to_string(kThreads).c_str(), 1);
  ignore_foreign_signals();
  Result<Status> served = within_memory("serve", [&] { return serve(line->settings); });
  const Status status = served.ok() ? std::move(*served) : Status(served.error());
  if (status.ok()) return 0;
  spdlog::critical("{}", status.error().to_string());
  return kFailure;
}

}  // namespace
}  // namespace egress::daemon

int main(int argc, char** argv) {
  return egress::daemon::run(argc, argv);
}
