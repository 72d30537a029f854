// SPDX-License-Identifier: MIT
#include "egressd/queries.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <set>
#include <utility>

#include "compile/names.hpp"
#include "egressd/port_usage.hpp"
#include "inspect/concerns.hpp"
#include "inspect/plan.hpp"
#include "inspect/senders.hpp"

namespace egress::daemon {

namespace {

std::vector<std::string> texts_of(const state::ChangeSet& ops) {
  std::vector<std::string> texts;
  for (const state::Op& op : ops) texts.push_back(state::to_text(op));
  return texts;
}

// A status, and what of its problems the wires have told.
struct Seen {
  inspect::StatusReport report{};
  std::vector<std::string> problems_of_wires{};
};

void add_wires(Result<settings::WireReport> wires, Seen& seen) {
  std::vector<std::string>& problems = seen.problems_of_wires;
  if (wires.ok()) {
    problems = problems_of(*wires);
    seen.report.wires = std::move(wires->wires);
  } else {
    problems.push_back(wires.error().to_string());
  }
  seen.report.problems.insert(seen.report.problems.end(), problems.begin(), problems.end());
  if (!problems.empty()) seen.report.in_sync = false;
}

const lab::Lab* lab_of(const session::LabInForce& in_force) {
  return in_force.network == nullptr ? nullptr : &in_force.network->situation.lab;
}

std::vector<lifecycle::Undone> undone_by(const session::LabInForce& in_force,
                                         const lab::Lab& file) {
  if (in_force.network == nullptr) return {};
  return lifecycle::undone_by(in_force.journal, *lab_of(in_force), file);
}

control::Plan plan_of(const session::LabInForce& in_force, const session::Proposal& proposal,
                      const state::ChangeSet& ops) {
  const lab::Lab& after = *lab_of(proposal.next);
  return {.resources = inspect::resource_changes(lab_of(in_force), after),
          .effects = proposal.effects,
          .addresses = inspect::address_changes(proposal.leases),
          .undoes = undone_by(in_force, after),
          .operations = texts_of(ops),
          .findings = proposal.next.warnings};
}

// Of a valid lab that the one in force cannot become. What is refused is told once.
control::Plan plan_of(const session::LabInForce& in_force, const session::Refusal& refused) {
  const auto refusals = static_cast<std::ptrdiff_t>(refused.transition.size());
  return {.resources = inspect::resource_changes(lab_of(in_force), *refused.lab),
          .refusals = refused.transition,
          .undoes = undone_by(in_force, *refused.lab),
          .findings = {refused.findings.begin() + refusals, refused.findings.end()}};
}

}  // namespace

Result<policy::Resolution> resolution_of(const policy::Network& network, const std::string& prefix,
                                         const control::ResolveRequest& request) {
  return policy::resolve_name(network, request.app, request.name, request.type,
                              probe::ask_programs(network, prefix));
}

Result<const policy::Network*> Queries::network() const {
  if (session_.network() != nullptr) return session_.network();
  return no_lab();
}

Result<Queries::Comparison> Queries::compare() {
  ASSIGN_OR_RETURN(const state::KernelState observed, kernel_.observe());
  const state::KernelState& desired = *session_.current()->desired;
  state::ForeignNames taken = state::taken_names(desired, kernel_.foreign());
  const state::Renames& renames = *session_.current()->renames;
  ASSIGN_OR_RETURN(const state::ChangeSet ops,
                   taken.empty() ? state::diff(desired, observed, renames)
                                 : state::diff(state::without(desired, taken), observed, renames));
  return Comparison{texts_of(ops), std::move(taken)};
}

Status Queries::check_names(const state::KernelState& needed) {
  RETURN_IF_ERROR(kernel_.observe());
  return state::check_free(needed, kernel_.foreign());
}

// Asked now: what the last pass saw may be half a minute old.
void Queries::add_drift(inspect::StatusReport& report, std::set<std::string>& problems) {
  Result<Comparison> seen = compare();
  if (!seen.ok()) {
    problems.insert(seen.error().to_string());
    return;
  }
  report.drift = std::move(seen->drift);
  for (const auto& [netns, what] : seen->taken) problems.insert(state::to_text(netns, what));
  if (!report.drift.empty()) operations_.reconcile_soon();
}

inspect::StatusReport Queries::describe() {
  const auto current = session_.current();
  inspect::StatusReport report{.prefix = session_.terms().prefix};
  std::set<std::string> problems;
  if (const policy::Network* network = current->network.get()) {
    report = inspect::describe(*network, session_.terms().prefix);
    report.lab = session_.lab_file();
    report.links =
        inspect::service_association_links(network->situation.lab, current->life.orphans);
    report.scalings = inspect::scalings_of(network->situation.lab, current->life.instances);
    report.warnings = current->warnings;
    if (!operations_.busy()) add_drift(report, problems);
  }
  report.daemon = {EGRESS_VERSION, ::getpid(), since_};
  report.version = current->version;
  report.clock = clock();
  report.pending_releases = current->leases.waiting(report.clock.now);
  operations_.describe(report);
  const kernel::FlowCacheUse flow_cache = kernel_.flow_cache();
  report.fast_path = {flow_cache.why_not, flow_cache.packets};
  if (report.held_until && !flow_cache.why_not) report.fast_path.why_not = "repairs are held";
  startups_.describe(report);
  scaling_.describe(report);
  gateway_sessions_.describe(report);
  // The last pass may have met the same.
  for (const std::string& known : report.problems) problems.erase(known);
  report.problems.insert(report.problems.end(), problems.begin(), problems.end());
  report.in_sync = report.drift.empty() && report.problems.empty() && !operations_.busy();
  return report;
}

control::Health Queries::health() const {
  inspect::StatusReport report;
  operations_.describe(report);
  startups_.describe(report);
  scaling_.describe(report);
  const bool has_lab = session_.network() != nullptr;
  if (!report.problems.empty()) return {control::Health::State::kDegraded, report.problems};
  if (operations_.busy()) return {control::Health::State::kBusy, {}};
  if (has_lab && !operations_.last_clean()) {
    return {control::Health::State::kDegraded, {"the kernel is not yet as the lab wants it"}};
  }
  return {};
}

void Queries::status(Then<inspect::StatusReport> then) {
  inspect::StatusReport report = describe();
  if (session_.network() == nullptr) return then(std::move(report));
  const PortUsage usage(kernel_, session_.current()->network, report.prefix);
  counting_.run(
      "status",
      [report = std::move(report), usage, ask = wires_.report()]() {
        Seen seen{.report = report};
        usage.describe(seen.report);
        add_wires(ask(), seen);
        return seen;
      },
      [this, then = std::move(then)](Result<Seen> seen) {
        if (!seen.ok()) return then(session::Refusal{seen.error(), {}});
        note_problems_of_wires(seen->problems_of_wires);
        then(std::move(seen->report));
      });
}

void Queries::note_problems_of_wires(const std::vector<std::string>& problems) {
  const std::set<std::string> known = std::move(known_problems_of_wires_);
  known_problems_of_wires_ = {problems.begin(), problems.end()};
  for (const std::string& problem : problems) {
    if (known.count(problem) == 0) spdlog::error("{}", problem);
  }
}

void Queries::wires(Then<settings::WireReport> then) {
  if (const auto in_force = network(); !in_force.ok()) {
    return then(session::Refusal{in_force.error(), {}});
  }
  counting_.run(
      "wires", [ask = wires_.report()] { return or_refusal(ask()); },
      [then = std::move(then)](Result<OrRefusal<settings::WireReport>> answer) {
        give<settings::WireReport>(then, std::move(answer));
      });
}

void Queries::step(const WireSelection& which, int packets, Then<settings::StepsTaken> then) {
  counting_.run(
      "step",
      [ask = wires_.step(which, packets, ms_since_epoch(clock_.now()))] {
        return or_refusal(ask());
      },
      [then = std::move(then)](Result<OrRefusal<settings::StepsTaken>> answer) {
        give<settings::StepsTaken>(then, std::move(answer));
      });
}

inspect::ClockReading Queries::clock() const {
  const session::LabInForce& current = *session_.current();
  return {current.lab_time(clock_.now()), current.clock_offset};
}

void Queries::plan(lab::LabText text, Then<control::Plan> then) {
  using Planned = std::variant<session::Proposal, control::Plan, session::Refusal>;
  workers_.run(
      "plan",
      [text = std::move(text), base = session_.current(), terms = session_.terms(),
       now = clock().now]() -> Planned {
        session::Outcome outcome = session::propose(*base, text, terms, now);
        auto* refused = std::get_if<session::Refusal>(&outcome);
        if (refused == nullptr) return std::get<session::Proposal>(std::move(outcome));
        if (!refused->transition.empty()) return plan_of(*base, *refused);
        return std::move(*refused);
      },
      [this, then = std::move(then)](Result<Planned> planned) {
        if (!planned.ok()) return then(session::Refusal{planned.error(), {}});
        if (auto* proposal = std::get_if<session::Proposal>(&*planned)) {
          return compare_with_kernel(std::move(*proposal), then);
        }
        if (auto* plan = std::get_if<control::Plan>(&*planned)) return then(std::move(*plan));
        then(std::get<session::Refusal>(std::move(*planned)));
      });
}

void Queries::compare_with_kernel(session::Proposal proposal, Then<control::Plan> then) {
  const auto refuse = [&](Error error) { then(session::Refusal{std::move(error), {}}); };
  auto current = session_.current();
  if (proposal.base != current->version) return refuse(changed_meanwhile());
  if (const auto why_not = kernel_.why_not(*proposal.next.desired)) {
    return refuse(no_tun(*why_not));
  }
  Result<state::KernelState> observed = kernel_.observe();
  if (!observed.ok()) return refuse(std::move(observed).error());
  if (Status free = state::check_free(*proposal.next.desired, kernel_.foreign()); !free.ok()) {
    return refuse(std::move(free).error());
  }
  workers_.run(
      "plan",
      [proposal = std::move(proposal), observed = std::move(*observed),
       current = std::move(current)]() -> OrRefusal<control::Plan> {
        const auto ops = state::diff(*proposal.next.desired, observed, *proposal.next.renames);
        if (!ops.ok()) return session::Refusal{ops.error(), {}};
        return plan_of(*current, proposal, *ops);
      },
      [then = std::move(then)](Result<OrRefusal<control::Plan>> plan) {
        give<control::Plan>(then, std::move(plan));
      });
}

Result<inspect::ExecContext> Queries::context(const lab::Sender& sender,
                                              const std::set<std::string>& resolved) {
  ASSIGN_OR_RETURN(const policy::Network* current, network());
  return complete(inspect::app_context(*current, sender, session_.terms().prefix, resolved));
}

Result<inspect::ExecContext> Queries::context(const std::string& host) {
  ASSIGN_OR_RETURN(const policy::Network* current, network());
  return complete(inspect::host_context(*current, host, session_.terms().prefix));
}

Result<inspect::ExecContext> Queries::complete(Result<inspect::ExecContext> context) {
  if (!context.ok()) return context;
  RETURN_IF_ERROR(check_names({{context->netns, {}}}));
  context->authority = session_.current()->authority.certificate;
  context->hidden = own_places_;
  return context;
}

template <typename T, typename Work>
void Queries::work_out(const char* what, Work work, Then<T> then) {
  if (const auto in_force = network(); !in_force.ok()) {
    return then(session::Refusal{in_force.error(), {}});
  }
  workers_.run(
      what,
      [lab = session_.current(), work = std::move(work)]() -> OrRefusal<T> {
        return or_refusal(work(*lab));
      },
      [then = std::move(then)](Result<OrRefusal<T>> answer) { give<T>(then, std::move(answer)); });
}

void Queries::explain(const control::ExplainRequest& request, Then<policy::Explanation> then) {
  work_out<policy::Explanation>(
      "explain",
      [request, prefix = session_.terms().prefix](const session::LabInForce& lab) {
        const policy::Network& network = *lab.network;
        auto explained =
            inspect::explain_url(network, request.app, request.url, request.source_port,
                                 probe::ask_programs(network, prefix));
        if (explained.ok()) {
          explained->warnings =
              inspect::concerning(lab.warnings, network.situation.lab, *explained);
        }
        return explained;
      },
      std::move(then));
}

void Queries::resolve(const control::ResolveRequest& request, Then<policy::Resolution> then) {
  work_out<policy::Resolution>(
      "resolve",
      [request, prefix = session_.terms().prefix](const session::LabInForce& lab) {
        return resolution_of(*lab.network, prefix, request);
      },
      std::move(then));
}

void Queries::dependencies(const lab::Sender& app, Then<std::vector<inspect::Dependency>> then) {
  work_out<std::vector<inspect::Dependency>>(
      "dependencies",
      [app, prefix = session_.terms().prefix](const session::LabInForce& lab) {
        return inspect::dependencies(*lab.network, app, probe::ask_programs(*lab.network, prefix));
      },
      std::move(then));
}

Result<inspect::EffectiveRoutes> Queries::effective_routes(const std::string& site) const {
  ASSIGN_OR_RETURN(const policy::Network* current, network());
  ASSIGN_OR_RETURN(const policy::Network::Subnet* subnet, inspect::subnet_of(*current, site));
  return inspect::effective_routes(*subnet);
}

Result<inspect::EffectiveRules> Queries::effective_rules(const std::string& site) {
  ASSIGN_OR_RETURN(const policy::Network* current, network());
  ASSIGN_OR_RETURN(const policy::Network::Subnet* subnet, inspect::subnet_of(*current, site));
  const auto hits =
      kernel_.counters(compile::vnet_netns(session_.terms().prefix, subnet->ref.vnet));
  // Rules are known without the kernel; their hits then are not.
  const inspect::ChainHits known = hits.ok() ? *hits : inspect::ChainHits();
  const policy::Index machine = inspect::machine_of(*current, site);
  return machine == policy::kNowhere ? inspect::effective_rules(*subnet, known)
                                     : inspect::effective_rules(*current, machine, known);
}

Result<inspect::IpFlowVerdict> Queries::ip_flow_verify(
    const control::IpFlowRequest& request) const {
  ASSIGN_OR_RETURN(const policy::Network* current, network());
  return inspect::ip_flow_verify(*current, request.app, request.flow);
}

Result<inspect::NextHopAnswer> Queries::next_hop(const control::NextHopRequest& request) const {
  ASSIGN_OR_RETURN(const policy::Network* current, network());
  return inspect::next_hop(*current, request.app, request.destination);
}

Result<inspect::LeaseReport> Queries::leases(const std::string& subnet) const {
  ASSIGN_OR_RETURN(const policy::Network* current, network());
  return inspect::lease_report(current->situation.lab, session_.current()->leases, subnet,
                               clock().now, current->situation.instances);
}

Result<control::LabExport> Queries::lab() const {
  if (const auto in_force = network(); !in_force.ok()) return in_force.error();
  return control::LabExport{session_.current()->text, session_.current()->version};
}

Result<inspect::Graph> Queries::graph() const {
  ASSIGN_OR_RETURN(const policy::Network* current, network());
  return inspect::graph_of(current->situation.lab);
}

Result<std::string> Queries::authority() const {
  if (session_.network() == nullptr) return no_lab();
  return session_.current()->authority.certificate;
}

}  // namespace egress::daemon
