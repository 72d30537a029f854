// SPDX-License-Identifier: MIT
#include "egressd/queries.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "compile/names.hpp"
#include "control/changes.hpp"
#include "control/context.hpp"
#include "control/effective.hpp"
#include "control/graph.hpp"
#include "control/status.hpp"
#include "egressd/responses.hpp"
#include "lab/flow_url.hpp"

namespace egress::daemon {

namespace {

using control::Json;

std::vector<std::string> texts_of(const state::ChangeSet& ops) {
  std::vector<std::string> texts;
  for (const state::Op& op : ops) texts.push_back(state::to_text(op));
  return texts;
}

}  // namespace

Result<std::shared_ptr<const policy::Network>> Queries::network() const {
  if (session_.network() != nullptr) return session_.network();
  return Error{.code = Errc::kConflict, .message = "no lab is in force"};
}

Result<lab::SubnetRef> Queries::subnet_of(const std::string& site) const {
  ASSIGN_OR_RETURN(const auto current, network());
  const auto entry = current->situation.lab.sites.find(site);
  if (entry == current->situation.lab.sites.end()) {
    return Error{.code = Errc::kNotFound, .message = fmt::format("no site '{}'", site)};
  }
  if (!entry->second.virtual_network_subnet) {
    return Error{.code = Errc::kConflict,
                 .message = fmt::format("site '{}' has no virtual network integration", site)};
  }
  return *entry->second.virtual_network_subnet;
}

Result<Queries::Comparison> Queries::compare() {
  ASSIGN_OR_RETURN(const state::KernelState observed, kernel_.observe());
  const state::KernelState& desired = session_.desired();
  state::ForeignNames taken = state::taken_names(desired, kernel_.foreign());
  ASSIGN_OR_RETURN(const state::ChangeSet ops,
                   taken.empty() ? state::diff(desired, observed)
                                 : state::diff(state::without(desired, taken), observed));
  return Comparison{texts_of(ops), std::move(taken)};
}

Status Queries::check_names(const state::KernelState& needed) {
  RETURN_IF_ERROR(kernel_.observe());
  return state::check_free(needed, kernel_.foreign());
}

HttpResponse Queries::status() {
  control::StatusReport report{.prefix = session_.prefix()};
  std::set<std::string> problems;
  if (const auto& current = session_.network()) {
    const policy::Situation& situation = current->situation;
    report = control::describe(situation.lab, situation.leases, session_.prefix());
    report.lab = session_.lab_file();
    // Asked now: what the last pass saw may be half a minute old.
    Result<Comparison> seen = compare();
    if (seen.ok()) {
      report.drift = std::move(seen->drift);
      for (const auto& [netns, what] : seen->taken) problems.insert(state::to_text(netns, what));
      if (!report.drift.empty()) operations_.reconcile_soon();
    } else {
      problems.insert(seen.error().to_string());
    }
  }
  for (const auto& [holder, lease] : session_.leases().all()) {
    if (lease.state == ipam::LeaseState::kReleasing) report.pending_releases.push_back(lease);
  }
  operations_.describe(report);
  // The last pass may have met the same.
  for (const std::string& known : report.problems) problems.erase(known);
  report.problems.insert(report.problems.end(), problems.begin(), problems.end());
  report.in_sync = report.drift.empty() && report.problems.empty() && !operations_.busy();
  return document(control::to_json(report));
}

HttpResponse Queries::plan(control::LabText text) {
  const auto outcome = session_.propose(std::move(text), std::chrono::system_clock::now());
  if (const Refusal* refused = std::get_if<Refusal>(&outcome)) {
    return refusal(refused->error, refused->findings);
  }
  const Proposal& proposal = std::get<Proposal>(outcome);
  const Result<state::KernelState> observed = kernel_.observe();
  if (!observed.ok()) return refusal(observed.error());
  if (Status free = state::check_free(proposal.desired, kernel_.foreign()); !free.ok()) {
    return refusal(free.error());
  }
  const Result<state::ChangeSet> ops = state::diff(proposal.desired, *observed);
  if (!ops.ok()) return refusal(ops.error());
  const auto& current = session_.network();
  const control::Plan plan{
      .resources = control::resource_changes(current ? &current->situation.lab : nullptr,
                                             proposal.network->situation.lab),
      .operations = texts_of(*ops)};
  return document(control::to_json(plan, proposal.warnings));
}

HttpResponse Queries::context(const lab::Sender& app) {
  const auto current = network();
  if (!current.ok()) return refusal(current.error());
  const policy::Situation& situation = (*current)->situation;
  const auto context = control::app_context(
      situation.lab, situation.leases, {lab::declared(situation.lab.sites, app.site), app.instance},
      session_.prefix());
  if (!context.ok()) return refusal(context.error());
  if (Status ours = check_names({{context->netns, {}}}); !ours.ok()) return refusal(ours.error());
  return document(control::to_json(*context));
}

HttpResponse Queries::explain(const control::ExplainRequest& request) {
  const auto current = network();
  if (!current.ok()) return refusal(current.error());
  const auto url = lab::parse_flow_url((*current)->situation.lab, request.url);
  if (!url.ok()) return refusal(url.error());
  const auto& sites = (*current)->situation.lab.sites;
  Question question{.app = {lab::declared(sites, request.app.site), request.app.instance},
                    .flow = {.protocol = url->protocol,
                             .destination = url->destination,
                             .destination_port = url->port}};
  if (request.source_port) question.flow.source_port = *request.source_port;
  if (!request.verify) {
    const auto explanation = policy::explain(**current, question.app, question.flow);
    return explanation.ok() ? document(control::to_json(*explanation))
                            : refusal(explanation.error());
  }
  if (Status ours = check_names(session_.desired()); !ours.ok()) return refusal(ours.error());
  if (!request.source_port)
    question.flow.source_port = verifier_.fresh_port((*current)->situation.lab);
  const auto verified = verifier_.verify(**current, session_.prefix(), {question});
  if (!verified.ok()) return refusal(verified.error());
  const Verified& outcome = verified->front();
  Json answer = control::to_json(outcome.explanation);
  answer["observed"] = control::to_json(outcome.observation, outcome.differences);
  return document(answer);
}

HttpResponse Queries::test(control::LabText text) {
  const auto current = network();
  if (!current.ok()) return refusal(current.error());
  if (operations_.busy()) {
    return refusal(Error{.code = Errc::kBusy, .message = "an operation is in progress"});
  }
  lab::Loaded loaded = load(text);
  if (!loaded.lab) {
    return refusal(Error{.code = Errc::kInvalid, .message = "the lab is invalid"}, loaded.findings);
  }
  // Packets meet the lab in force: expectations of another one would be tested against neither.
  const auto changes = control::resource_changes(&(*current)->situation.lab, *loaded.lab);
  if (!changes.empty()) {
    return refusal(Error{.code = Errc::kConflict,
                         .message = fmt::format("{} is not the lab in force ({} resources differ); "
                                                "apply it first",
                                                text.file, changes.size())});
  }
  if (Status ours = check_names(session_.desired()); !ours.ok()) return refusal(ours.error());
  policy::Situation situation = (*current)->situation;
  situation.lab = std::move(*loaded.lab);
  const auto tested = policy::analyse(std::move(situation), current->get());
  const auto results = verifier_.test(*tested, session_.prefix());
  if (!results.ok()) return refusal(results.error());
  Json list = Json::array();
  for (const control::TestResult& result : *results) list.push_back(control::to_json(result));
  return document({{"results", list}});
}

HttpResponse Queries::effective_routes(const std::string& site) const {
  const auto subnet = subnet_of(site);
  if (!subnet.ok()) return refusal(subnet.error());
  return document(control::effective_routes_json(*session_.network(), *subnet));
}

HttpResponse Queries::effective_rules(const std::string& site) {
  const auto subnet = subnet_of(site);
  if (!subnet.ok()) return refusal(subnet.error());
  auto hits = kernel_.counters(compile::vnet_netns(session_.prefix(), subnet->vnet));
  // Rules are known without the kernel; their hits then are not.
  return document(control::effective_rules_json(*session_.network(), *subnet,
                                                hits.ok() ? *hits : control::ChainHits()));
}

HttpResponse Queries::leases(const std::string& subnet) const {
  const auto current = network();
  if (!current.ok()) return refusal(current.error());
  if (!subnet.empty()) {
    const size_t slash = subnet.find('/');
    const lab::SubnetRef ref{subnet.substr(0, slash),
                             slash == std::string::npos ? "" : subnet.substr(slash + 1)};
    if ((*current)->situation.lab.find(ref) == nullptr) {
      return refusal(
          Error{.code = Errc::kNotFound, .message = fmt::format("no subnet '{}'", subnet)});
    }
  }
  std::vector<ipam::Lease> found;
  for (const auto& [holder, lease] : session_.leases().all()) {
    if (subnet.empty() || holder.subnet.to_string() == subnet) found.push_back(lease);
  }
  return document({{"leases", control::to_json(found)}});
}

HttpResponse Queries::graph() const {
  const auto current = network();
  if (!current.ok()) return refusal(current.error());
  return document(control::to_json(control::graph_of((*current)->situation.lab)));
}

}  // namespace egress::daemon
