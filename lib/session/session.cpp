// SPDX-License-Identifier: MIT
#include "session/session.hpp"

#include <fmt/format.h>

#include <utility>

#include "base/memory.hpp"
#include "settings/platform_report_text.hpp"

namespace egress::session {

namespace {

constexpr int kUnfinishedStarts = 2;

std::string set_aside_because(const std::optional<lab::LabText>& text) {
  return fmt::format(
      "{} is set aside, since the last {} starts with it ended before their first pass did; "
      "nothing "
      "is changed: apply a lab, or remove what is there with 'egressctl down'",
      text ? "the stored lab " + text->file : "the configured lab", kUnfinishedStarts);
}

// One that this version cannot read is as good as none: the instance starts once more.
Startups startups_of(const store::Saved& saved) {
  Startups startups;
  for (const store::StartupReport& stored : saved.startups) {
    auto report = settings::parse_platform_report(stored.text);
    if (!report.ok()) continue;
    startups[stored.app] = {saved.version, stored.started_at, std::move(*report)};
  }
  return startups;
}

// Whose report is no longer there.
std::vector<lab::Sender> forgotten_in(const Startups& before, const Startups& after) {
  std::vector<lab::Sender> forgotten;
  for (const auto& [app, startup] : before) {
    const auto kept = after.find(app);
    if (startup.report && (kept == after.end() || !kept->second.report)) forgotten.push_back(app);
  }
  return forgotten;
}

Result<tls::Authority> new_authority(const Terms& terms) {
  return tls::make_authority("egressd lab " + terms.prefix);
}

template <typename T>
std::optional<T> if_changed(const T& before, const T& after) {
  return before == after ? std::nullopt : std::optional(after);
}

// What of `after` is not stored yet when `before` is.
store::Change change_between(const LabInForce& before, const LabInForce& after) {
  store::Change change{.numbers = if_changed(before.numbers, after.numbers),
                       .lab = if_changed(before.text, after.text),
                       .generations = if_changed(before.restarts, after.restarts),
                       .dns_at_start = if_changed(before.dns_at_start, after.dns_at_start),
                       .traffic = if_changed(before.traffic, after.traffic),
                       .life = if_changed(before.life, after.life),
                       .version = if_changed(before.version, after.version),
                       .clock_offset = if_changed(before.clock_offset, after.clock_offset)};
  if (before.imposed != after.imposed) change.imposed = to_stored(after.imposed);
  // It grows by one operation at a time, or begins anew.
  if (before.journal != after.journal) {
    change.journal_size = after.journal.size();
    if (!after.journal.empty()) change.journal_entries = {after.journal.back()};
  }
  return change;
}

// What is in force, for a store that has nothing.
store::Change whole(const LabInForce& lab, const Startups& startups) {
  store::Change change{.numbers = lab.numbers,
                       .authority = lab.authority,
                       .lab = lab.text,
                       .generations = lab.restarts,
                       .dns_at_start = lab.dns_at_start,
                       .traffic = lab.traffic,
                       .imposed = to_stored(lab.imposed),
                       .life = lab.life,
                       .journal_entries = {lab.journal.begin(), lab.journal.end()},
                       .version = lab.version,
                       .clock_offset = lab.clock_offset};
  for (const auto& [address, lease] : lab.leases.all()) change.leases.stored.push_back(lease);
  for (const auto& [app, startup] : startups) {
    if (!startup.report) continue;
    change.startups.push_back({app, startup.started_at, settings::to_text(*startup.report)});
  }
  return change;
}

}  // namespace

Status Session::restore(ipam::TimePoint now) {
  ASSIGN_OR_RETURN(store::Saved saved, store_.load());
  unfinished_starts_ = saved.unfinished_starts;
  set_aside_ = unfinished_starts_ >= kUnfinishedStarts;
  if (set_aside_) problem_ = set_aside_because(saved.lab);
  startups_ = startups_of(saved);
  LabInForce found{.version = saved.version,
                   .clock_offset = saved.clock_offset,
                   .leases = ipam::Leases(saved.leases),
                   .authority = saved.authority,
                   .numbers = std::move(saved.numbers),
                   .restarts = std::move(saved.generations),
                   .dns_at_start = std::move(saved.dns_at_start),
                   .traffic = std::move(saved.traffic),
                   .imposed = from_stored(saved.imposed),
                   .life = std::move(saved.life),
                   .journal = std::move(saved.journal)};
  stored_authority_ = std::move(saved.authority);
  if (found.authority == tls::Authority{}) {
    ASSIGN_OR_RETURN(found.authority, new_authority(terms_));
  }
  const bool stored = saved.lab.has_value();
  if (stored) found.text = std::move(*saved.lab);
  current_ = std::make_shared<const LabInForce>(std::move(found));
  if (set_aside_ || !stored) return {};
  begin_start();
  Result<Status> taken_up =
      within_memory("take up the stored lab " + current_->text.file, [&] { return take_up(now); });
  if (taken_up.ok()) return std::move(*taken_up);
  problem_ = taken_up.error().to_string();
  return {};
}

Status Session::take_up(ipam::TimePoint now) {
  Outcome outcome = propose(*current_, current_->text, terms_, current_->lab_time(now),
                            lifecycle::Cause::kRestore);
  if (const Refusal* refusal = std::get_if<Refusal>(&outcome)) {
    problem_ = "the stored lab is no longer accepted: " + refusal->error.to_string();
    if (!refusal->findings.empty()) problem_ += ": " + refusal->findings.front().to_string();
    return {};
  }
  return adopt(std::get<Proposal>(std::move(outcome)));
}

// A lab that is in force and changes nothing needs no room on the disk.
void Session::begin_start() {
  if (start_counted_ || set_aside_) return;
  start_counted_ = true;
  ++unfinished_starts_;
  (void)store_.save({.unfinished_starts = unfinished_starts_});  // end_start() tells of it
}

Status Session::store_again_if_lost() {
  if (forgotten_ || !store_.lost()) return {};
  return store_.make_again(whole(*current_, startups_));
}

Status Session::end_start() {
  RETURN_IF_ERROR(store_again_if_lost());
  if (unfinished_starts_ == 0 || set_aside_ || forgotten_) return {};
  RETURN_IF_ERROR(store_.save({.unfinished_starts = 0}));
  unfinished_starts_ = 0;
  return {};
}

Status Session::adopt(Proposal proposal) {
  if (proposal.base != current_->version) {
    return Error{.code = Errc::kConflict,
                 .message = fmt::format("the lab has changed since this was prepared (version {}, "
                                        "now {}); ask again",
                                        proposal.base, current_->version)};
  }
  if (forgotten_) RETURN_IF_ERROR(erase());
  RETURN_IF_ERROR(store_again_if_lost());
  // What could fail comes before the store.
  const auto next = std::make_shared<const LabInForce>(std::move(proposal.next));
  Startups startups = startups_after(startups_, *current_, *next, proposal.starts);
  if (next->version != proposal.base || current_->network == nullptr || !problem_.empty()) {
    store::Change change = change_between(*current_, *next);
    change.leases = std::move(proposal.leases);
    change.forgotten_startups = forgotten_in(startups_, startups);
    change.authority = if_changed(stored_authority_, next->authority);
    if (set_aside_) change.unfinished_starts = 0;
    if (change != store::Change{}) RETURN_IF_ERROR(store_.save(change));
    stored_authority_ = next->authority;
  }
  if (std::exchange(set_aside_, false)) unfinished_starts_ = 0;
  current_ = next;
  startups_ = std::move(startups);
  problem_.clear();
  return {};
}

void Session::forget() {
  LabInForce nothing{.version = current_->version + 1};
  Result<tls::Authority> fresh = new_authority(terms_);
  // Where no other can be made, the next lab has this one's.
  nothing.authority = fresh.ok() ? *std::move(fresh) : current_->authority;
  current_ = std::make_shared<const LabInForce>(std::move(nothing));
  startups_.clear();
  problem_.clear();
  set_aside_ = false;
  forgotten_ = true;
}

Status Session::record(const Startups& performed) {
  Startups after = startups_;
  store::Change change;
  for (const auto& [app, startup] : performed) {
    const auto known = after.find(app);
    const bool overtaken =
        known == after.end() || known->second.report || known->second.version != startup.version;
    if (overtaken || !startup.report) continue;
    change.startups.push_back({app, startup.started_at, settings::to_text(*startup.report)});
    known->second = startup;
  }
  if (change.startups.empty()) return {};
  RETURN_IF_ERROR(store_.save(change));
  startups_ = std::move(after);
  return {};
}

Status Session::erase() {
  RETURN_IF_ERROR(store_.erase());
  stored_authority_ = {};
  unfinished_starts_ = 0;
  forgotten_ = false;
  return {};
}

std::optional<std::string> Session::lab_file() const {
  if (network() == nullptr) return std::nullopt;
  return current_->text.file;
}

bool Session::sends(const std::string& site, lab::TrafficClass traffic) const {
  if (network() == nullptr) return false;
  const auto found = network()->sites.find(site);
  return found != network()->sites.end() && found->second.sends(traffic);
}

}  // namespace egress::session
