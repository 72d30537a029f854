// SPDX-License-Identifier: MIT
#include "tests/oracle/rig.hpp"

#include <fmt/format.h>

#include "compile/compile.hpp"
#include "compile/held_ports.hpp"
#include "ipam/leases.hpp"
#include "lab/platform_tasks.hpp"
#include "probe/platform.hpp"
#include "reconcile/pass.hpp"
#include "tests/oracle/gateways.hpp"
#include "tests/oracle/traffic.hpp"

namespace egress::oracle {
namespace {

// Flows of an earlier lab take ports of source NAT for minutes, and what is let through as theirs
// is not judged anew. Ports that they held after their end are given back by the clock.
Status forget_flows(kernel::Kernel& kernel, const state::KernelState& state) {
  for (const auto& [netns, content] : state) {
    if (!content->firewall) continue;
    ASSIGN_OR_RETURN(const auto table, kernel.flows(netns));
    ASSIGN_OR_RETURN(const auto flows, table->list());
    RETURN_IF_ERROR(table->remove(flows));
  }
  return {};
}

// Those that are made, whatever becomes of the first; public or not.
std::vector<bool> attempts_of(const policy::Network& network, const lab::Sender& sender) {
  const auto first = network.find(sender, true);
  return first && first->lane->public_attempt ? std::vector<bool>{true, false}
                                              : std::vector<bool>{false};
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

std::vector<std::string> steps_of(const policy::Resolution& resolution) {
  std::vector<std::string> steps;
  for (const policy::ServerAnswer& server : resolution.servers) steps.push_back(server.reason);
  return steps;
}

void append(std::vector<std::string>& all, const std::vector<std::string>& more) {
  all.insert(all.end(), more.begin(), more.end());
}

}  // namespace

Status Rig::reach(const state::KernelState& desired, const state::Firewalls& meanwhile) {
  RETURN_IF_ERROR(wires_.changing());
  const reconcile::PassReport report = reconcile::run(*kernel_, desired, {}, meanwhile);
  if (report.in_sync()) return {};
  std::string text = "the kernel does not agree after a pass:";
  for (const auto& failed : report.failed) {
    text += "\n  " + failed.object + ": " + failed.error.to_string();
  }
  for (const std::string& remaining : report.remaining) text += "\n  still: " + remaining;
  return Error{.code = Errc::kKernel, .message = text};
}

Status Rig::apply(const lab::Lab& lab) {
  ASSIGN_OR_RETURN(lab::IntegrationAddresses addresses, ipam::first_addresses(lab));
  if (network_ != nullptr) ahead_ += compile::kHoldAfterClose;
  auto network = policy::analyse({.lab = lab,
                                  .leases = std::move(addresses),
                                  .traffic = run_in(lab),
                                  .learned = learned_in(lab)});
  const compile::Options options{.prefix = kPrefix,
                                 .clock_offset = ahead_,
                                 .bird_installed = true,
                                 .flow_cache = !kernel_->flow_cache().why_not,
                                 .authority = tls_.authority()};
  ASSIGN_OR_RETURN(const state::KernelState desired, compile::compile(*network, options));
  state::Firewalls meanwhile;
  if (network_ != nullptr) {
    ASSIGN_OR_RETURN(meanwhile, compile::meanwhile(*network_, {*network, desired}, options));
  }
  RETURN_IF_ERROR(reach(desired, meanwhile));
  RETURN_IF_ERROR(forget_flows(*kernel_, desired));
  RETURN_IF_ERROR(wires_.settled(desired));
  network_ = std::move(network);
  return {};
}

Status Rig::clear() {
  network_.reset();
  return reach({}, {});
}

Result<std::vector<Mismatch>> Rig::compare(const std::vector<Question>& questions) {
  ASSIGN_OR_RETURN(const std::vector<Mismatch> first, compare_once(questions));
  std::vector<Question> again;
  for (const Mismatch& mismatch : first) again.push_back(mismatch.question);
  return compare_once(again);
}

Result<std::vector<Mismatch>> Rig::compare_once(const std::vector<Question>& questions) {
  std::vector<ProbeCase> flows;
  std::vector<NameCase> names;
  std::vector<StartCase> starts;
  for (const Question& question : questions) {
    if (const auto* const probe = std::get_if<ProbeCase>(&question)) flows.push_back(*probe);
    if (const auto* const name = std::get_if<NameCase>(&question)) names.push_back(*name);
    if (const auto* const start = std::get_if<StartCase>(&question)) starts.push_back(*start);
  }
  std::vector<Mismatch> found;
  RETURN_IF_ERROR(compare_flows(flows, found));
  RETURN_IF_ERROR(compare_names(names, found));
  RETURN_IF_ERROR(compare_starts(starts, found));
  return found;
}

Status Rig::compare_flows(const std::vector<ProbeCase>& flows, std::vector<Mismatch>& found) const {
  std::vector<probe::Question> questions;
  std::vector<const ProbeCase*> asked_by;
  for (const ProbeCase& probe : flows) {
    for (const bool public_attempt : attempts_of(*network_, probe.from)) {
      questions.push_back({probe.from, probe.flow, public_attempt});
      asked_by.push_back(&probe);
    }
  }
  ASSIGN_OR_RETURN(const std::vector<probe::Verified> answers,
                   verifier_.verify(*network_, kPrefix, questions));
  for (size_t i = 0; i < answers.size(); ++i) {
    if (answers[i].differences.empty()) continue;
    found.push_back({.question = *asked_by[i],
                     .explained = steps_of(answers[i].explanation),
                     .differences = answers[i].differences});
  }
  return {};
}

Status Rig::compare_names(const std::vector<NameCase>& names, std::vector<Mismatch>& found) {
  std::vector<probe::NameQuestion> questions;
  for (const NameCase& name : names) {
    ASSIGN_OR_RETURN(policy::Resolution expected,
                     policy::resolve_name(*network_, name.from, name.name, name.type));
    questions.push_back({name.from, std::move(expected), name.tcp});
  }
  ASSIGN_OR_RETURN(const std::vector<probe::NameVerified> answers,
                   verifier_.verify_names(*network_, kPrefix, questions));
  for (size_t i = 0; i < names.size(); ++i) {
    std::vector<std::string> differences = answers[i].differences;
    append(differences, tls_.differences(*network_, kPrefix, names[i]));
    if (differences.empty()) continue;
    found.push_back({.question = names[i],
                     .explained = steps_of(answers[i].expected),
                     .differences = std::move(differences)});
  }
  return {};
}

Status Rig::compare_starts(const std::vector<StartCase>& starts, std::vector<Mismatch>& found) {
  std::vector<probe::Starting> performed;
  for (const StartCase& start : starts) {
    performed.push_back({start.from, lab::startup_tasks(network_->situation.lab, start.from.site)});
  }
  ASSIGN_OR_RETURN(const std::vector<policy::PlatformReport> reports,
                   probe::perform(network_, kPrefix, std::move(performed), verifier_));
  for (size_t i = 0; i < starts.size(); ++i) {
    Mismatch mismatch{.question = starts[i]};
    for (const policy::StepReport& step : reports[i].steps) {
      for (const policy::CallReport& call : step.calls) {
        append(mismatch.differences, call.differences);
      }
      append(mismatch.explained, step.log);
    }
    if (!mismatch.differences.empty()) found.push_back(std::move(mismatch));
  }
  return {};
}

}  // namespace egress::oracle
