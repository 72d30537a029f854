// SPDX-License-Identifier: MIT
#include "attached/program.hpp"

#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>
#include <system_error>
#include <thread>

#include "base/memory.hpp"

namespace egress::attached {
namespace {

// To others a process is in the namespace of its first thread (/proc/PID/ns/net), so it is another
// that enters namespaces: the first stays where the daemon started it, and is found there any time.
Status run_in_second_thread(const std::function<Status()>& run) try {
  Status ended;
  std::thread([&] {
    const Result<Status> ran = within_memory("answer", run);
    ended = ran.ok() ? *ran : Status(ran.error());
  }).join();
  return ended;
} catch (const std::system_error& error) {
  return Error::from_errno("start a thread", error.code().value());
}

}  // namespace

int run_program(int argc, const char* const* argv, const std::string& name,
                const std::string& description, const std::function<Status()>& run) {
  std::signal(SIGPIPE, SIG_IGN);
  CLI::App app(description);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error);
  }
  const Status status = run_in_second_thread(run);
  if (status.ok()) return 0;
  std::fprintf(stderr, "%s: %s\n", name.c_str(), status.error().to_string().c_str());
  return 1;
}

}  // namespace egress::attached
