// SPDX-License-Identifier: MIT
#include "egressd/session.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <utility>

#include "compile/compile.hpp"
#include "egressd/memory.hpp"
#include "lab/suggest.hpp"
#include "state/ops.hpp"

namespace egress::daemon {

namespace {

constexpr int kUnfinishedStarts = 2;

std::string set_aside_because(const std::optional<control::LabText>& text) {
  return fmt::format(
      "{} is set aside, since the last {} starts with it ended before their first pass did; "
      "nothing "
      "is changed: apply a lab, or remove what is there with 'egressctl down'",
      text ? "the stored lab " + text->file : "the configured lab", kUnfinishedStarts);
}

// Restarts of sites that are gone are forgotten with them.
ipam::Generations generations_of(const lab::Lab& lab, const ipam::Generations& known) {
  ipam::Generations kept;
  for (const auto& [site, restarts] : known) {
    if (lab.sites.count(site) != 0) kept.emplace(site, restarts);
  }
  return kept;
}

}  // namespace

Session::Session(std::string prefix, ipam::Store store, compile::SizeLimits limits)
    : prefix_(std::move(prefix)), store_(std::move(store)), limits_(std::move(limits)) {}

Status Session::restore(ipam::TimePoint now) {
  ASSIGN_OR_RETURN(ipam::Saved saved, store_.load());
  leases_ = ipam::Leases(saved.leases);
  generations_ = std::move(saved.generations);
  text_ = std::move(saved.lab);
  unfinished_starts_ = saved.unfinished_starts;
  set_aside_ = unfinished_starts_ >= kUnfinishedStarts;
  if (set_aside_) problem_ = set_aside_because(text_);
  if (set_aside_ || !text_) return {};
  RETURN_IF_ERROR(begin_start());
  Result<Status> taken_up =
      within_memory("take up the stored lab " + text_->file, [&] { return take_up(now); });
  if (taken_up.ok()) return std::move(*taken_up);
  problem_ = taken_up.error().to_string();
  return {};
}

Status Session::take_up(ipam::TimePoint now) {
  auto outcome = propose(*text_, now);
  if (const Refusal* refusal = std::get_if<Refusal>(&outcome)) {
    problem_ = "the stored lab is no longer accepted: " + refusal->error.to_string();
    if (!refusal->findings.empty()) problem_ += ": " + refusal->findings.front().to_string();
    return {};
  }
  return adopt(std::get<Proposal>(std::move(outcome)));
}

Status Session::begin_start() {
  if (start_counted_ || set_aside_) return {};
  RETURN_IF_ERROR(store_.save({.unfinished_starts = unfinished_starts_ + 1}));
  ++unfinished_starts_;
  start_counted_ = true;
  return {};
}

Status Session::end_start() {
  if (unfinished_starts_ == 0 || set_aside_ || forgotten_) return {};
  RETURN_IF_ERROR(store_.save({.unfinished_starts = 0}));
  unfinished_starts_ = 0;
  return {};
}

std::variant<Proposal, Refusal> Session::propose(control::LabText text, ipam::TimePoint now) const {
  lab::Loaded loaded = load(text);
  if (!loaded.lab) {
    return Refusal{{.code = Errc::kInvalid, .message = "the lab is invalid"},
                   std::move(loaded.findings)};
  }
  std::vector<lab::Finding> excess = compile::check_size(*loaded.lab, limits_, text.file);
  if (!excess.empty()) {
    return Refusal{{.code = Errc::kInvalid, .message = "the lab is too large"}, std::move(excess)};
  }
  Result<ipam::LeaseChange> change = leases_.plan(*loaded.lab, now);
  if (!change.ok()) return Refusal{std::move(change).error(), std::move(loaded.findings)};
  ipam::Leases after = leases_;
  after.commit(*change);
  ipam::Generations restarts = generations_of(*loaded.lab, generations_);
  auto network = policy::analyse(
      {.lab = std::move(*loaded.lab), .leases = after.addresses(), .restarts = std::move(restarts)},
      network_.get());
  Result<state::KernelState> desired = compiled(*network);
  if (!desired.ok()) return Refusal{std::move(desired).error(), std::move(loaded.findings)};
  return Proposal{.text = std::move(text),
                  .warnings = std::move(loaded.findings),
                  .leases = std::move(*change),
                  .network = std::move(network),
                  .desired = std::move(*desired)};
}

Result<state::KernelState> Session::compiled(const policy::Network& network) const {
  ASSIGN_OR_RETURN(state::KernelState desired, compile::compile(network, {.prefix = prefix_}));
  RETURN_IF_ERROR(state::diff(desired, {}));
  return desired;
}

Status Session::adopt(Proposal proposal) {
  if (forgotten_) RETURN_IF_ERROR(erase());
  ipam::Leases leases = leases_;  // what could fail comes before the store
  leases.commit(proposal.leases);
  const ipam::Generations& generations = proposal.network->situation.restarts;
  const bool same = text_ == proposal.text && proposal.leases.empty() &&
                    generations_ == generations && problem_.empty();
  if (!same || !network_) {
    ipam::Change change{
        .leases = proposal.leases, .lab = proposal.text, .generations = generations};
    if (set_aside_) change.unfinished_starts = 0;
    RETURN_IF_ERROR(store_.save(change));
  }
  if (std::exchange(set_aside_, false)) unfinished_starts_ = 0;
  leases_ = std::move(leases);
  generations_ = generations;
  text_ = std::move(proposal.text);
  network_ = std::move(proposal.network);
  desired_ = std::move(proposal.desired);
  problem_.clear();
  return {};
}

Status Session::restart(const std::string& site) {
  const std::string name =
      network_ ? lab::declared(network_->situation.lab.sites, site) : std::string{};
  if (!network_ || network_->sites.count(name) == 0) {
    return Error{.code = Errc::kNotFound, .message = fmt::format("no site '{}'", site)};
  }
  policy::Situation next = network_->situation;
  ++next.restarts[name];
  auto network = policy::analyse(std::move(next), network_.get());
  ASSIGN_OR_RETURN(state::KernelState desired, compiled(*network));
  RETURN_IF_ERROR(store_.save({.generations = network->situation.restarts}));
  generations_ = network->situation.restarts;
  network_ = std::move(network);
  desired_ = std::move(desired);
  return {};
}

void Session::forget() {
  text_.reset();
  network_.reset();
  desired_.clear();
  leases_ = ipam::Leases();
  generations_.clear();
  problem_.clear();
  set_aside_ = false;
  forgotten_ = true;
}

Status Session::erase() {
  RETURN_IF_ERROR(store_.erase());
  unfinished_starts_ = 0;
  forgotten_ = false;
  return {};
}

std::optional<std::string> Session::lab_file() const {
  if (!network_) return std::nullopt;
  return text_->file;
}

Result<control::LabText> read_lab_text(const std::string& path) {
  const lab::ReadFile read = lab::reader_beside(path);
  control::LabText lab{.file = path};
  Result<std::string> content = read(std::filesystem::path(path).filename().string());
  if (!content.ok()) return std::move(content).error().in("read " + path);
  lab.text = std::move(*content);
  if (const auto named = lab::service_tags_file(lab.text)) {
    // What cannot be read is left out: the loader then says so, with its place in the lab file.
    if (Result<std::string> text = read(*named); text.ok()) {
      lab.files.emplace(*named, std::move(*text));
    }
  }
  return lab;
}

lab::Loaded load(const control::LabText& text) {
  return lab::load(text.text, text.file, [&](const std::string& path) -> Result<std::string> {
    const auto found = text.files.find(path);
    if (found != text.files.end()) return found->second;
    return Error{.code = Errc::kNotFound,
                 .message = fmt::format("'{}' was not sent with the lab", lab::shown(path))};
  });
}

}  // namespace egress::daemon
