// SPDX-License-Identifier: MIT
#include "session/proposal.hpp"

#include <fmt/format.h>

#include <optional>
#include <utility>

#include "compile/compile.hpp"
#include "lab/document.hpp"
#include "lab/edit.hpp"
#include "lab/service_tags.hpp"
#include "lab/validate.hpp"
#include "policy/network_rules.hpp"
#include "session/analysis.hpp"
#include "session/learned.hpp"
#include "session/refusals.hpp"
#include "session/starts.hpp"

namespace egress::session {

namespace {

// What is known of sites that are gone is forgotten with them.
template <typename T>
lab::Named<T> of_sites(const lab::Lab& lab, const lab::Named<T>& known) {
  lab::Named<T> kept;
  for (const auto& [site, value] : known) {
    if (lab.sites.count(site) != 0) kept.emplace(site, value);
  }
  return kept;
}

// A site that runs on as it is keeps the servers of its start (azure-facts 8.1.8).
store::NameServers dns_at_start_of(const lab::Lab& lab, const lab::LabText& text,
                                   const LabInForce& base) {
  store::NameServers servers;
  for (const auto& [name, site] : lab.sites) {
    if (!site.virtual_network_subnet) continue;
    const auto known = base.dns_at_start.find(name);
    const bool keeps = known != base.dns_at_start.end() && runs_on(base, text, name, site);
    servers[name] = keeps ? known->second : servers_of_network(lab, site);
  }
  return servers;
}

// The text in force says nothing new, but time may have passed for its leases. Empty when that
// changes an address, or has ended something on wires. With a file a new journal begins.
std::optional<Proposal> propose_again(const LabInForce& base, ipam::TimePoint now) {
  const lab::Lab& lab = base.network->situation.lab;
  const lab::Instances& instances = base.life.instances;
  if (still_imposed(base.imposed, lab, instances, base.machine_time(now)) != base.imposed) {
    return std::nullopt;
  }
  auto change = base.leases.plan(lab, instances, now);
  if (!change.ok()) return std::nullopt;
  Proposal proposal{.base = base.version, .next = base, .leases = std::move(*change)};
  if (!proposal.leases.empty() || !base.journal.empty()) ++proposal.next.version;
  proposal.next.leases.commit(proposal.leases);
  proposal.next.journal.clear();
  if (proposal.next.leases.addresses() != base.network->situation.leases) return std::nullopt;
  return proposal;
}

// A file says all that is in force, so what came before it is forgotten.
lifecycle::Journal journal_after(const Step& step, const lab::Lab& after) {
  switch (step.cause) {
    case lifecycle::Cause::kApply: return {};
    case lifecycle::Cause::kRestore: break;
    case lifecycle::Cause::kOperation: {
      std::vector<lab::Difference> changes = lab::differences(step.before(), after);
      if (changes.empty()) break;
      return lifecycle::recorded(
          step.base.journal, {step.now, lifecycle::to_text(*step.operation), std::move(changes)});
    }
  }
  return step.base.journal;
}

// What is known of sites that go on, and that those start anew whose subnet is another one.
store::Generations restarts_after(const LabInForce& base, const lab::Lab& after,
                                  const lifecycle::Effects& effects) {
  store::Generations restarts = of_sites(after, base.restarts);
  for (const std::string& site : effects.restarts) ++restarts[site];
  return restarts;
}

bool is_same(const LabInForce& next, const LabInForce& base) {
  return next.text == base.text && next.restarts == base.restarts &&
         next.dns_at_start == base.dns_at_start && next.traffic == base.traffic &&
         next.imposed == base.imposed && next.life == base.life && next.journal == base.journal;
}

// The lab that `text` says and `loaded` holds.
Outcome propose_loaded(const Step& step, lab::LabText text, lab::Loaded loaded,
                       const Terms& terms) {
  const LabInForce& base = step.base;
  auto judged = judge(step, text, loaded);
  if (auto* refusal = std::get_if<Refusal>(&judged)) return std::move(*refusal);
  auto& transition = std::get<lifecycle::Transition>(judged);
  const lab::Lab& lab = *loaded.lab;
  const lab::Instances& instances = transition.next.instances;
  store::TrafficInUse traffic = of_sites(lab, base.traffic);
  std::vector<lab::Finding> excess =
      compile::check_size(lab, terms.limits, step.from_file ? text.file : "", traffic, instances);
  if (!excess.empty()) return too_large(std::move(excess));
  Result<ipam::LeaseChange> change = base.leases.plan(lab, instances, step.now);
  if (!change.ok()) {
    return Refusal{std::move(change).error(), std::move(loaded.findings), kExhausted};
  }

  Proposal proposal{.base = base.version,
                    .leases = std::move(*change),
                    .lab_changed = step.before() == nullptr || !(*step.before() == lab),
                    .effects = std::move(transition.effects)};
  LabInForce& next = proposal.next;
  next.text = std::move(text);
  next.warnings = std::move(loaded.findings);
  next.clock_offset = base.clock_offset;
  next.authority = base.authority;
  next.leases = base.leases;
  next.leases.commit(proposal.leases);
  next.restarts = restarts_after(base, lab, proposal.effects);
  next.traffic = std::move(traffic);
  next.dns_at_start = dns_at_start_of(lab, next.text, base);
  next.imposed = still_imposed(base.imposed, lab, instances, base.machine_time(step.now));
  next.learned = still_learned(base.learned, lab);
  next.life = std::move(transition.next);
  next.journal = journal_after(step, lab);
  const bool same = is_same(next, base) && proposal.leases.empty();
  next.version = base.version + (same ? 0 : 1);
  if (Status made = analyse_into(next, *std::move(loaded.lab), base, terms); !made.ok()) {
    return Refusal{std::move(made).error(), std::move(next.warnings)};
  }
  const auto& in_force = next.network->situation.lab;
  const auto silent = unspoken(in_force, terms, step.from_file ? next.text.file : "");
  next.warnings.insert(next.warnings.end(), silent.begin(), silent.end());
  const auto nameless =
      policy::fqdns_without_address(*next.network, step.from_file ? next.text.file : "");
  next.warnings.insert(next.warnings.end(), nameless.begin(), nameless.end());
  for (const lab::Finding& each : step.from_file ? nameless : std::vector<lab::Finding>{}) {
    proposal.notes.push_back(each.path + ": " + each.message);
  }
  proposal.starts = starts(base, next);
  return proposal;
}

// A file of service tags comes with the lab that names it.
Result<std::string> no_file(const std::string& /*path*/) {
  return Error{.code = Errc::kNotFound, .message = "only a lab that is applied brings its files"};
}

// Of an operation that leaves the lab as it is.
Outcome propose_beside(const Step& step) {
  const LabInForce& base = step.base;
  const lab::Loaded unchanged{.lab = *step.before()};
  auto judged = judge(step, base.text, unchanged);
  if (auto* refusal = std::get_if<Refusal>(&judged)) return std::move(*refusal);
  auto& transition = std::get<lifecycle::Transition>(judged);
  Proposal proposal{.base = base.version, .next = base, .effects = std::move(transition.effects)};
  if (transition.next.orphans == base.life.orphans) return proposal;
  ++proposal.next.version;
  proposal.next.life = std::move(transition.next);
  return proposal;
}

// The lab as the file that declares it. Tags that are in force stay in the file that was sent.
Result<lab::LabText> text_of(const lab::Lab& lab, const LabInForce& base) {
  lab::LabText text{.file = base.text.file.empty() ? "lab" : base.text.file};
  ASSIGN_OR_RETURN(text.text, lab::write(lab));
  if (lab.service_tags == nullptr) return text;
  const auto sent = base.text.files.find(lab.service_tags_file);
  const bool in_force = base.network != nullptr && sent != base.text.files.end() &&
                        base.network->situation.lab.service_tags == lab.service_tags;
  if (in_force) {
    text.files.insert(*sent);
  } else {
    ASSIGN_OR_RETURN(text.files[lab.service_tags_file], lab::write(*lab.service_tags));
  }
  return text;
}

// Whose wires something can be put on, those of each set of instances, or why there are none.
std::variant<std::vector<policy::WorkerKey>, Refusal> instances_with_wires(
    const policy::Situation& situation, const std::string& plan, std::optional<int> instance) {
  const lab::Lab& lab = situation.lab;
  const auto refusal = [](Errc code, std::string message, const char* exact = "") {
    return Refusal{{.code = code, .message = std::move(message)}, {}, exact};
  };
  const auto farm = lab.server_farms.find(plan);
  if (farm == lab.server_farms.end()) {
    return refusal(Errc::kNotFound, fmt::format("no server farm '{}'", plan));
  }
  auto instances = policy::workers_of(lab, situation.instances, farm->first);
  std::erase_if(instances, [&](const policy::WorkerKey& each) {
    return instance.value_or(each.instance) != each.instance;
  });
  if (instances.empty()) {
    return refusal(Errc::kNotFound,
                   fmt::format("server farm '{}' has no instance {}", farm->first, *instance));
  }
  if (farm->second.interface != lab::IntegrationInterface::kTun) {
    return refusal(Errc::kConflict,
                   fmt::format("server farm '{}' needs interface: tun", farm->first), kNeedsTun);
  }
  return instances;
}

}  // namespace

Outcome propose(const LabInForce& base, lab::LabText text, const Terms& terms, ipam::TimePoint now,
                lifecycle::Cause cause) {
  if (base.network != nullptr && text == base.text) {
    if (auto again = propose_again(base, now)) return *std::move(again);
  }
  lab::Loaded loaded = lab::load(text);
  return propose_loaded({.base = base, .cause = cause, .now = now, .from_file = true},
                        std::move(text), std::move(loaded), terms);
}

Outcome propose(const LabInForce& base, lab::Lab lab, const Terms& terms, ipam::TimePoint now) {
  if (base.network != nullptr && lab == base.network->situation.lab) {
    return propose(base, base.text, terms, now);
  }
  const Step step{.base = base, .now = now};
  lab::Loaded loaded{.findings = lab::validate(lab)};
  if (lab::any_error(loaded.findings)) {
    loaded.read = std::move(lab);
    return propose_loaded(step, {}, std::move(loaded), terms);
  }
  Result<lab::LabText> text = text_of(lab, base);
  if (!text.ok()) return Refusal{std::move(text).error(), std::move(loaded.findings)};
  loaded.lab = std::move(lab);
  return propose_loaded(step, *std::move(text), std::move(loaded), terms);
}

Outcome propose_operation(const LabInForce& base, const lifecycle::Operation& operation,
                          const Terms& terms, ipam::TimePoint now) {
  if (base.network == nullptr) return no_lab();
  const lab::Lab& lab = base.network->situation.lab;
  const Step step{
      .base = base, .cause = lifecycle::Cause::kOperation, .operation = &operation, .now = now};
  Result<lifecycle::Edits> edits = lifecycle::edits_of(operation, lab);
  if (!edits.ok()) return Refusal{std::move(edits).error(), {}};
  const auto with_notes = [&](Outcome outcome) {
    if (auto* proposal = std::get_if<Proposal>(&outcome)) proposal->notes = std::move(edits->notes);
    return outcome;
  };
  if (edits->edits.empty()) return with_notes(propose_beside(step));
  lab::Loaded loaded = lab::edit(lab, edits->edits, no_file);
  if (loaded.lab && *loaded.lab == lab) return propose_beside(step);
  lab::LabText text;
  if (loaded.lab) {
    Result<lab::LabText> written = text_of(*loaded.lab, base);
    if (!written.ok()) return Refusal{std::move(written).error(), std::move(loaded.findings)};
    text = *std::move(written);
  }
  return with_notes(propose_loaded(step, std::move(text), std::move(loaded), terms));
}

Outcome propose_restart(const LabInForce& base, const std::string& site, const Terms& terms) {
  lab::Lab lab = base.network == nullptr ? lab::Lab{} : base.network->situation.lab;
  const auto restarted = lab.sites.find(site);
  if (restarted == lab.sites.end()) {
    return Refusal{{.code = Errc::kNotFound, .message = fmt::format("no site '{}'", site)}, {}};
  }
  Proposal proposal{.base = base.version, .next = base};
  ++proposal.next.version;
  ++proposal.next.restarts[restarted->first];
  if (restarted->second.virtual_network_subnet) {
    proposal.next.dns_at_start[restarted->first] = servers_of_network(lab, restarted->second);
  }
  if (Status made = analyse_into(proposal.next, std::move(lab), base, terms); !made.ok()) {
    return Refusal{std::move(made).error(), {}};
  }
  proposal.starts = starts(base, proposal.next);
  return proposal;
}

Outcome propose_traffic(const LabInForce& base, const std::string& site, lab::TrafficClass traffic,
                        const Terms& terms) {
  if (base.network == nullptr) return no_lab();
  lab::Lab lab = base.network->situation.lab;
  const auto found = base.network->sites.find(site);
  if (found == base.network->sites.end()) {
    return Refusal{{.code = Errc::kNotFound, .message = fmt::format("no site '{}'", site)}, {}};
  }
  Proposal proposal{.base = base.version, .next = base};
  const auto& [name, analysed] = *found;
  if (analysed.sends(traffic)) return proposal;
  ++proposal.next.version;
  proposal.next.traffic[name].insert(traffic);
  std::vector<lab::Finding> excess = compile::check_size(
      lab, terms.limits, base.text.file, proposal.next.traffic, base.life.instances);
  if (!excess.empty()) return too_large(std::move(excess));
  if (Status made = analyse_into(proposal.next, std::move(lab), base, terms); !made.ok()) {
    return Refusal{std::move(made).error(), {}};
  }
  return proposal;
}

Outcome propose_impairment(const LabInForce& base, const std::string& plan,
                           std::optional<int> instance,
                           const std::optional<policy::Imposed>& imposed, const Terms& terms,
                           ipam::TimePoint machine) {
  if (base.network == nullptr) return no_lab();
  lab::Lab lab = base.network->situation.lab;
  auto instances = instances_with_wires(base.network->situation, plan, instance);
  if (auto* refusal = std::get_if<Refusal>(&instances)) return std::move(*refusal);
  Proposal proposal{.base = base.version, .next = base};
  LabInForce& next = proposal.next;
  next.imposed = still_imposed(base.imposed, lab, base.life.instances, machine);
  for (const auto& worker : std::get<std::vector<policy::WorkerKey>>(instances)) {
    next.imposed.erase(worker);
    if (imposed) next.imposed.emplace(worker, *imposed);
  }
  if (next.imposed == base.imposed) return proposal;
  ++next.version;
  if (Status made = analyse_into(next, std::move(lab), base, terms); !made.ok()) {
    return Refusal{std::move(made).error(), {}};
  }
  return proposal;
}

Outcome propose_advance(const LabInForce& base, std::chrono::seconds by, const Terms& terms,
                        ipam::TimePoint now) {
  if (base.network == nullptr) return no_lab();
  if (by > kLargestClockOffset - base.clock_offset) {
    return Refusal{
        {.code = Errc::kInvalid,
         .message = fmt::format("the lab's clock is {} s ahead of the machine's, and {} s are the "
                                "most; 'egressctl down' sets it back",
                                base.clock_offset.count(), kLargestClockOffset.count())},
        {}};
  }
  // Those who hold an address keep it as time passes, so the analysis stands.
  Result<ipam::LeaseChange> change =
      base.leases.plan(base.network->situation.lab, base.life.instances, now + by);
  if (!change.ok()) return Refusal{std::move(change).error(), {}};
  Proposal proposal{.base = base.version, .next = base, .leases = std::move(*change)};
  ++proposal.next.version;
  proposal.next.clock_offset += by;
  proposal.next.meanwhile = LabInForce().meanwhile;
  proposal.next.desired = std::make_shared<const state::KernelState>(
      compile::at_clock(*base.desired, options_of(terms, proposal.next)));
  proposal.next.leases.commit(proposal.leases);
  return proposal;
}

}  // namespace egress::session
