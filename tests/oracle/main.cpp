// SPDX-License-Identifier: MIT

// The oracle: random labs, each applied over the one before, random flows and lookups in each, and
// every flow's verdict, path and source as `explain` says it held against what the packets did,
// every name as `resolve` says it against what the resolvers said, and in some labs every start as
// it is predicted against what it came to. Where plans are on wires, these have held the same
// evaluator against the kernel for each flow by themselves. A mismatch prints the command that
// shows it again and is shrunk to the smallest lab that does.

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>
#include <random>

#include "kernel/linux_kernel.hpp"
#include "tests/oracle/run.hpp"
#include "tests/support/flow_cache.hpp"
#include "tests/support/private_machine.hpp"

namespace egress::oracle {
namespace {

int report_run(const Settings& settings) {
  fmt::print("oracle: seed {}\n", settings.seed);
  std::fflush(stdout);
  auto kernel =
      kernel::LinuxKernel::open({.prefix = kPrefix,
                                 .state_dir = "/oracle",
                                 .run_dir = "/run/egress-oracle",
                                 .programs = {{"egress-dns", EGRESS_DNS_PROGRAM},
                                              {"egress-host", EGRESS_HOST_PROGRAM},
                                              {"egress-identity", EGRESS_IDENTITY_PROGRAM},
                                              {"egress-wire", EGRESS_WIRE_PROGRAM}},
                                 .flow_cache = testing_support::flow_cache_use()});
  if (!kernel.ok()) {
    fmt::print(stderr, "oracle: {}\n", kernel.error().to_string());
    return 3;
  }
  Rig rig(std::move(*kernel));
  Run run(rig, settings);
  const Status status = run.run();
  const Totals& totals = run.totals();
  fmt::print(
      "oracle: {} cases, {} labs, {} flows ({} allowed), {} requests, {} lookups ({} with an "
      "address), {} starts, {} compared with fresh ones, {} asked about by wires ({} untold), {} "
      "mismatches\n",
      totals.cases, totals.labs, totals.flows, totals.allowed, totals.requests, totals.lookups,
      totals.answered, totals.starts, totals.fresh, totals.wires.asked, totals.wires.untold,
      totals.mismatches);
  if (!status.ok()) {
    fmt::print(stderr, "oracle: {}\n", status.error().to_string());
    return 3;
  }
  // A crowded machine may miss what the kernel tells of a flow; whoever missed much has seen
  // little.
  const bool told = totals.wires.untold * 100 <= totals.wires.asked;
  if (!told) fmt::print(stderr, "oracle: the wires do not know of too many flows\n");
  return totals.mismatches == 0 && told ? 0 : 1;
}

int run_with(int argc, char** argv) {
  Settings settings;
  CLI::App app{"Random labs, flows and names: does the kernel do what explain and resolve say?"};
  app.add_option("--seed", settings.seed, "seed of the first lab; a new one by default");
  app.add_option("--labs", settings.labs, "how many labs");
  app.add_option("--flows", settings.flows, "flows through each lab")->check(CLI::Range(1, 5000));
  app.add_option("--lookups", settings.lookups, "names that are looked up in each lab")
      ->check(CLI::Range(1, 5000));
  app.add_option("--fresh-every", settings.fresh_every,
                 "compare every so many labs with the same lab applied afresh; 0: never");
  app.add_option("--starts-every", settings.starts_every,
                 "perform the starts of the apps of every so many labs; 0: never");
  app.add_option("--keep", settings.keep,
                 "folder for the smallest labs that show a mismatch; empty: do not shrink");
  app.add_option("--cases", settings.cases, "folder of cases to replay first");
  app.add_option("file", settings.files, "cases or lab files to replay instead of random labs");
  CLI11_PARSE(app, argc, argv);
  if (settings.seed == 0) settings.seed = std::random_device{}();
  return testing_support::in_private_machine([&] { return report_run(settings); });
}

}  // namespace
}  // namespace egress::oracle

int main(int argc, char** argv) {
  try {
    return egress::oracle::run_with(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "oracle: %s\n", error.what());
    return 3;
  }
}
