// SPDX-License-Identifier: MIT
#include "attached/program.hpp"

#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>

#include "base/memory.hpp"

namespace egress::attached {

int run_program(int argc, const char* const* argv, const std::string& name,
                const std::string& description, const std::function<Status()>& run) {
  std::signal(SIGPIPE, SIG_IGN);
  CLI::App app(description);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error);
  }
  const Result<Status> ran = within_memory("answer", run);
  const Status status = ran.ok() ? *ran : Status(ran.error());
  if (status.ok()) return 0;
  std::fprintf(stderr, "%s: %s\n", name.c_str(), status.error().to_string().c_str());
  return 1;
}

}  // namespace egress::attached
