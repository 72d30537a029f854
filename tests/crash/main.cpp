// SPDX-License-Identifier: MIT
// egress-crash: kills the daemon again and again, at any instant of any operation, and looks
// whether it comes back as if nothing had been.

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <random>

#include "tests/crash/crash_run.hpp"
#include "tests/support/folder.hpp"
#include "tests/support/private_machine.hpp"

namespace egress::crash {
namespace {

struct Settings {
  uint64_t seed = 0;  // 0: a new one
  uint32_t kills = 1000;
  bool every_call = false;
};

int report_run(const Settings& settings) {
  fmt::print("crash: {}\n", settings.every_call ? "before every lasting call"
                                                : fmt::format("seed {}", settings.seed));
  std::fflush(stdout);
  auto labs = load_labs(CRASH_LABS);
  if (!labs.ok()) {
    fmt::print(stderr, "crash: {}\n", labs.error().to_string());
    return 3;
  }
  const testing_support::Folder folder;
  CrashRun run(*std::move(labs), folder.path().string());
  const Status status = settings.every_call ? run.sweep() : run.run(settings.seed, settings.kills);
  fmt::print("crash: {} kills, in the middle of:", run.kills());
  for (const auto& [what, count] : run.in_the_middle()) fmt::print(" {} {},", what, count);
  fmt::print("\n");
  if (status.ok()) return 0;
  fmt::print("FAILED: {}\n{}", status.error().to_string(), run.story());
  if (!settings.every_call) {
    fmt::print("again with: --seed {} --kills {}\n", settings.seed, run.kills());
  }
  return 1;
}

int run_with(int argc, char** argv) {
  Settings settings;
  CLI::App app{"Kills egressd at any instant: does it come back as if nothing had been?"};
  app.add_option("--kills", settings.kills, "how many kills")->check(CLI::PositiveNumber);
  app.add_option("--seed", settings.seed, "seed of the run; a new one by default");
  app.add_flag("--every-call", settings.every_call,
               "not at random, but once before each system call that leaves something behind");
  CLI11_PARSE(app, argc, argv);
  if (settings.seed == 0) settings.seed = std::random_device{}();
  return testing_support::in_private_machine([&] { return report_run(settings); });
}

}  // namespace
}  // namespace egress::crash

int main(int argc, char** argv) {
  try {
    return egress::crash::run_with(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "crash: %s\n", error.what());
    return 3;
  }
}
