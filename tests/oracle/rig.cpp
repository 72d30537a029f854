// SPDX-License-Identifier: MIT
#include "tests/oracle/rig.hpp"

#include <fmt/format.h>

#include "compile/compile.hpp"
#include "compile/names.hpp"
#include "control/verify.hpp"
#include "ipam/leases.hpp"
#include "kernel/probe.hpp"
#include "reconcile/pass.hpp"

namespace egress::oracle {
namespace {

constexpr std::chrono::milliseconds kPatience{250};

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

kernel::ProbeFlow probe_flow(const ProbeCase& probe) {
  return {.netns = compile::app_netns(kPrefix, probe.from.site, probe.from.instance),
          .protocol = static_cast<uint8_t>(probe.flow.protocol),
          .destination = probe.flow.destination,
          .destination_port = probe.flow.destination_port,
          .source_port = probe.flow.source_port};
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
  std::vector<kernel::ProbeFlow> flows;
  for (const ProbeCase& probe : cases) flows.push_back(probe_flow(probe));
  std::vector<std::string> watch;
  for (const auto& [name, host] : network_->situation.lab.hosts) {
    watch.push_back(compile::host_netns(kPrefix, name));
  }
  ASSIGN_OR_RETURN(const auto results, kernel::probe(flows, watch, kPatience));
  std::vector<Mismatch> mismatches;
  const std::string host_head = compile::host_netns(kPrefix, "");
  for (size_t i = 0; i < cases.size(); ++i) {
    ASSIGN_OR_RETURN(const policy::Explanation explanation,
                     policy::explain(*network_, cases[i].from, cases[i].flow));
    control::Observation seen{.replied = results[i].replied, .refused = results[i].refused};
    if (const auto& arrival = results[i].arrival) {
      seen.arrived = true;
      seen.host = arrival->netns.substr(host_head.size());
      seen.source = arrival->source;
    }
    auto differences = control::differences(cases[i].flow.protocol, explanation, seen);
    if (!results[i].also.empty()) differences.emplace_back("the packet came out more than once");
    if (differences.empty()) continue;
    Mismatch mismatch{.probe = cases[i],
                      .explained = steps_of(explanation),
                      .differences = std::move(differences)};
    mismatches.push_back(std::move(mismatch));
  }
  return mismatches;
}

}  // namespace egress::oracle
