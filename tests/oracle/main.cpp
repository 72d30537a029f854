// SPDX-License-Identifier: MIT

// The oracle: random labs, each applied over the one before, random flows through each, and every
// flow's verdict, path and source as `explain` says it held against what the packets did. A
// mismatch prints its seed and is shrunk to the smallest lab that shows it.

#include <fmt/format.h>
#include <sys/wait.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <random>

#include "kernel/linux_kernel.hpp"
#include "lab/load.hpp"
#include "tests/oracle/lab_yaml.hpp"
#include "tests/oracle/rig.hpp"
#include "tests/oracle/shrink.hpp"
#include "tests/support/private_machine.hpp"

namespace egress::oracle {
namespace {

struct Settings {
  uint64_t seed = 0;  // 0: a new one
  uint32_t labs = 200;
  uint32_t flows = 100;
  std::string keep = "oracle-mismatches";  // where shrunk labs are written
  std::vector<std::string> files{};        // labs to replay instead of random ones
};

// Source ports move on from lab to lab: a 5-tuple that comes again within the time-outs of
// connection tracking would meet the state that the lab before left.
constexpr uint32_t kFirstPort = 20000;
constexpr uint32_t kPorts = 40000;

struct Totals {
  size_t labs = 0;
  size_t flows = 0;
  size_t allowed = 0;
  size_t mismatches = 0;
};

lab::Lab shrink_mismatch(Rig& rig, const lab::Lab& lab, const Mismatch& mismatch) {
  uint16_t port = 30000;
  return shrink(lab, [&](const lab::Lab& candidate) {
    ProbeCase probe = mismatch.probe;
    const auto site = candidate.sites.find(probe.from.site);
    if (site == candidate.sites.end()) return false;
    if (candidate.server_farms.at(site->second.server_farm).capacity <= probe.from.instance) {
      return false;
    }
    if (probe.flow.source_port != 0) probe.flow.source_port = ++port;
    if (!rig.apply(candidate).ok()) return false;
    const auto found = rig.compare({probe});
    return found.ok() && !found->empty();
  });
}

void report(const Mismatch& mismatch, uint64_t seed) {
  fmt::print("MISMATCH seed {}: {}\n", seed, to_text(mismatch.probe));
  for (const std::string& difference : mismatch.differences) fmt::print("    {}\n", difference);
  fmt::print("{}", mismatch.explained);
}

void keep_smallest(Rig& rig, const Settings& settings, const lab::Lab& lab, uint64_t seed,
                   const Mismatch& mismatch) {
  const lab::Lab small = shrink_mismatch(rig, lab, mismatch);
  std::filesystem::create_directories(settings.keep);
  const std::string stem = fmt::format("{}/seed-{}", settings.keep, seed);
  const std::string tags = fmt::format("seed-{}.tags.json", seed);
  std::ofstream(stem + ".yaml") << "# " << to_text(mismatch.probe) << "\n" << to_yaml(small, tags);
  if (small.service_tags) {
    std::ofstream(settings.keep + "/" + tags) << to_service_tags_json(*small.service_tags);
  }
  fmt::print("    smallest lab that shows it: {}.yaml\n", stem);
}

Status run_lab(Rig& rig, const Settings& settings, const lab::Lab& lab, uint64_t seed,
               Totals& totals) {
  if (Status status = rig.apply(lab); !status.ok()) {
    return std::move(status).error().in(fmt::format("seed {}", seed));
  }
  const auto cases = random_flows(lab, rig.model().addresses(), seed, settings.flows,
                                  static_cast<uint16_t>(kFirstPort + totals.flows % kPorts));
  ASSIGN_OR_RETURN(const std::vector<Mismatch> mismatches, rig.compare(cases));
  ++totals.labs;
  totals.flows += cases.size();
  for (const ProbeCase& probe : cases) {
    totals.allowed += rig.model().verdict(probe.from, probe.flow) == lab::Verdict::kAllow ? 1 : 0;
  }
  totals.mismatches += mismatches.size();
  for (const Mismatch& mismatch : mismatches) report(mismatch, seed);
  if (!mismatches.empty() && !settings.keep.empty())
    keep_smallest(rig, settings, lab, seed, mismatches.front());
  return {};
}

Status run(const Settings& settings, Totals& totals) {
  ASSIGN_OR_RETURN(auto kernel,
                   kernel::LinuxKernel::open({.prefix = kPrefix,
                                              .run_dir = "/run/egress-oracle",
                                              .responder_program = EGRESS_HOST_PROGRAM}));
  Rig rig(std::move(kernel));
  for (const std::string& file : settings.files) {
    const lab::Loaded loaded = lab::load_file(file);
    if (!loaded.lab) return Error{.code = Errc::kInvalid, .message = file + " does not load"};
    RETURN_IF_ERROR(run_lab(rig, settings, *loaded.lab, settings.seed, totals));
  }
  for (uint32_t i = 0; settings.files.empty() && i < settings.labs; ++i) {
    const uint64_t seed = settings.seed + i;
    RETURN_IF_ERROR(run_lab(rig, settings, random_lab(seed), seed, totals));
  }
  return rig.clear();
}

int report_run(const Settings& settings) {
  fmt::print("oracle: seed {}\n", settings.seed);
  Totals totals;
  const Status status = run(settings, totals);
  fmt::print("oracle: {} labs, {} flows ({} allowed), {} mismatches\n", totals.labs, totals.flows,
             totals.allowed, totals.mismatches);
  if (!status.ok()) {
    fmt::print(stderr, "oracle: {}\n", status.error().to_string());
    return 3;
  }
  return totals.mismatches == 0 ? 0 : 1;
}

}  // namespace
}  // namespace egress::oracle

int main(int argc, char** argv) {
  using namespace egress;
  oracle::Settings settings;
  CLI::App app{"Random labs and flows: does the kernel do what explain says?"};
  app.add_option("--seed", settings.seed, "seed of the first lab; a new one by default");
  app.add_option("--labs", settings.labs, "how many labs");
  app.add_option("--flows", settings.flows, "flows through each lab")->check(CLI::Range(1, 5000));
  app.add_option("--keep", settings.keep,
                 "folder for the smallest labs that show a mismatch; empty: do not shrink");
  app.add_option("file", settings.files, "lab files to replay instead of random labs");
  CLI11_PARSE(app, argc, argv);
  if (settings.seed == 0) settings.seed = std::random_device{}();
  return tests::in_private_machine([&] { return oracle::report_run(settings); });
}
