// SPDX-License-Identifier: MIT
#include "tests/oracle/rig.hpp"

#include <fmt/format.h>

#include "compile/compile.hpp"
#include "ipam/leases.hpp"
#include "reconcile/pass.hpp"

namespace egress::oracle {
namespace {

Status reach(kernel::Kernel& kernel, const state::KernelState& desired) {
  const reconcile::PassReport report = reconcile::run(kernel, desired);
  if (report.in_sync()) return {};
  std::string text = "the kernel does not agree after a pass:";
  for (const auto& failed : report.failed) {
    text += "\n  " + failed.object + ": " + failed.error.to_string();
  }
  for (const std::string& remaining : report.remaining) text += "\n  still: " + remaining;
  return Error{.code = Errc::kKernel, .message = text};
}

std::vector<std::string> steps_of(const policy::Explanation& explanation) {
  std::vector<std::string> steps;
  for (const policy::Step& step : explanation.steps) {
    steps.push_back(fmt::format("{} {}: {} {} - {}", policy::name_of(step.stage), step.where,
                                step.result, step.name, step.reason));
  }
  if (explanation.reply) {
    steps.push_back(fmt::format("reply: {} - {}", lab::name_of(explanation.reply->verdict),
                                explanation.reply->reason));
  }
  return steps;
}

}  // namespace

std::string to_text(const ProbeCase& probe) {
  return fmt::format("{} {}://{}:{} from port {}", probe.from.to_string(),
                     name_of(probe.flow.protocol), probe.flow.destination.to_string(),
                     probe.flow.destination_port, probe.flow.source_port);
}

Status Rig::apply(const lab::Lab& lab) {
  ASSIGN_OR_RETURN(lab::IntegrationAddresses addresses, ipam::first_addresses(lab));
  auto network = policy::analyse({.lab = lab, .leases = std::move(addresses)});
  ASSIGN_OR_RETURN(const state::KernelState desired,
                   compile::compile(*network, {.prefix = kPrefix}));
  RETURN_IF_ERROR(reach(*kernel_, desired));
  network_ = std::move(network);
  return {};
}

Status Rig::clear() {
  return reach(*kernel_, {});
}

Result<std::vector<Mismatch>> Rig::compare(const std::vector<ProbeCase>& cases) {
  ASSIGN_OR_RETURN(const std::vector<Mismatch> first, compare_once(cases));
  std::vector<ProbeCase> again;
  for (const Mismatch& mismatch : first) again.push_back(mismatch.probe);
  if (again.empty()) return std::vector<Mismatch>{};
  return compare_once(again);
}

Result<std::vector<Mismatch>> Rig::compare_once(const std::vector<ProbeCase>& cases) const {
  std::vector<probe::Question> questions;
  for (const ProbeCase& probe : cases) questions.push_back({probe.from, probe.flow});
  ASSIGN_OR_RETURN(const std::vector<probe::Verified> answers,
                   verifier_.verify(*network_, kPrefix, questions));
  std::vector<Mismatch> mismatches;
  for (size_t i = 0; i < cases.size(); ++i) {
    if (answers[i].differences.empty()) continue;
    mismatches.push_back({.probe = cases[i],
                          .explained = steps_of(answers[i].explanation),
                          .differences = answers[i].differences});
  }
  return mismatches;
}

}  // namespace egress::oracle
