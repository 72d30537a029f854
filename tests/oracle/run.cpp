// SPDX-License-Identifier: MIT
#include "tests/oracle/run.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <filesystem>

#include "tests/oracle/dump.hpp"
#include "tests/oracle/request_probe.hpp"
#include "tests/oracle/shrink.hpp"

namespace egress::oracle {
namespace {

// A broken data path shows in nearly every lab; a few small ones tell as much as all of them.
constexpr size_t kMostKept = 3;
constexpr size_t kMostQuestions = 100;
constexpr size_t kMostDifferences = 12;
constexpr size_t kRequests = 20;

bool has_app(const lab::Lab& lab, const lab::Sender& app) {
  const auto site = lab.sites.find(app.site);
  return site != lab.sites.end() &&
         app.instance < lab.server_farms.at(site->second.server_farm).capacity;
}

}  // namespace

Status Run::run() {
  std::vector<std::string> files = settings_.files;
  if (files.empty() && !settings_.cases.empty()) {
    ASSIGN_OR_RETURN(files, case_files(settings_.cases));
  }
  for (const std::string& file : files) RETURN_IF_ERROR(replay(file));
  RETURN_IF_ERROR(rig_.clear());
  const uint32_t labs = settings_.files.empty() ? settings_.labs : 0;
  std::optional<lab::Lab> before;
  for (uint32_t i = 0; i < labs; ++i) {
    const uint64_t seed = settings_.seed + i;
    const bool compare_fresh =
        before && settings_.fresh_every != 0 && (i + 1) % settings_.fresh_every == 0;
    RETURN_IF_ERROR(random_lab_of(seed, before ? &*before : nullptr, compare_fresh));
    before = random_lab(seed);
  }
  return rig_.clear();
}

Status Run::replay(const std::string& file) {
  ASSIGN_OR_RETURN(const Case kept, load_case(file));
  const std::string name = std::filesystem::path(file).stem().string();
  const std::string command = "scripts/oracle " + file;
  const lab::Lab* before = kept.before ? &*kept.before : nullptr;
  RETURN_IF_ERROR(rig_.clear());
  if (before != nullptr) RETURN_IF_ERROR(rig_.apply(*before));
  RETURN_IF_ERROR(rig_.apply(kept.lab));
  ++totals_.cases;
  for (const std::string& unmet : unmet_expectations(rig_.network())) {
    ++totals_.mismatches;
    tell({.name = name, .replay = command, .told = {"expectations: " + unmet}});
  }
  std::vector<Question> questions;
  for (const ProbeCase& flow : expected_flows(rig_.network())) questions.emplace_back(flow);
  for (NameCase& asked : expected_names(rig_.network())) questions.emplace_back(std::move(asked));
  for (const StartCase& start : expected_starts(rig_.network())) questions.emplace_back(start);
  if (questions.empty()) questions = random_questions(kept.lab, settings_.seed);
  RETURN_IF_ERROR(compare(kept.lab, questions, before, name, command));
  RETURN_IF_ERROR(hear_wires(name, command));
  return before == nullptr ? Status{} : compare_with_fresh(kept.lab, before, name, command);
}

Status Run::random_lab_of(uint64_t seed, const lab::Lab* before, bool compare_fresh) {
  const lab::Lab lab = random_lab(seed);
  const std::string name = fmt::format("seed-{}", seed);
  if (before == nullptr) first_seed_ = seed;
  const uint64_t labs = seed - first_seed_ + 1;
  const std::string command =
      fmt::format("scripts/oracle --seed {} --labs {} --flows {} --lookups {}", first_seed_, labs,
                  settings_.flows, settings_.lookups);
  if (Status status = rig_.apply(lab); !status.ok()) {
    return std::move(status).error().in(command);
  }
  ++totals_.labs;
  RETURN_IF_ERROR(compare(lab, random_questions(lab, seed), before, name, command));
  RETURN_IF_ERROR(compare_requests_of(random_requests(lab, seed, kRequests), name, command));
  RETURN_IF_ERROR(hear_wires(name, command));
  if (!compare_fresh) return {};
  first_seed_ = seed;
  return compare_with_fresh(lab, before, name, fmt::format("{} --fresh-every {}", command, labs));
}

std::vector<Question> Run::random_questions(const lab::Lab& lab, uint64_t seed) const {
  std::vector<Question> questions;
  const auto& leases = rig_.network().situation.leases;
  for (const ProbeCase& flow : random_flows(lab, leases, seed, settings_.flows)) {
    questions.emplace_back(flow);
  }
  for (NameCase& name : random_names(lab, seed, settings_.lookups)) {
    questions.emplace_back(std::move(name));
  }
  if (settings_.starts_every == 0 || seed % settings_.starts_every != 0) return questions;
  for (const StartCase& start : all_starts(lab)) questions.emplace_back(start);
  return questions;
}

void Run::count(const Question& question) {
  if (const auto* const probe = std::get_if<ProbeCase>(&question)) {
    const auto explained = policy::explain(rig_.network(), probe->from, probe->flow);
    ++totals_.flows;
    if (explained.ok() && explained->verdict == lab::Verdict::kAllow) ++totals_.allowed;
    return;
  }
  if (std::holds_alternative<StartCase>(question)) {
    ++totals_.starts;
    return;
  }
  const auto& name = std::get<NameCase>(question);
  const auto resolved = policy::resolve_name(rig_.network(), name.from, name.name, name.type);
  ++totals_.lookups;
  if (resolved.ok() && !resolved->addresses.empty()) ++totals_.answered;
}

Status Run::compare(const lab::Lab& lab, const std::vector<Question>& questions,
                    const lab::Lab* before, const std::string& name, const std::string& replay) {
  ASSIGN_OR_RETURN(const std::vector<Mismatch> mismatches, rig_.compare(questions));
  for (const Question& question : questions) count(question);
  totals_.mismatches += mismatches.size();
  std::optional<Finding> first;
  for (const Mismatch& mismatch : mismatches) {
    Finding finding{.name = name, .replay = replay, .question = mismatch.question};
    finding.told = {to_text(mismatch.question)};
    finding.told.insert(finding.told.end(), mismatch.differences.begin(),
                        mismatch.differences.end());
    finding.told.insert(finding.told.end(), mismatch.explained.begin(), mismatch.explained.end());
    tell(finding);
    if (!first) first = std::move(finding);
  }
  if (!first) return {};
  RETURN_IF_ERROR(hear_wires(name, replay));
  keep(*first, lab, before);
  RETURN_IF_ERROR(rig_.clear());
  first_seed_ = settings_.seed + totals_.labs - 1;
  return rig_.apply(lab);
}

// No expectation can say what a request comes to, so that a mismatch is told and not kept.
Status Run::compare_requests_of(const std::vector<RequestCase>& requests, const std::string& name,
                                const std::string& replay) {
  ASSIGN_OR_RETURN(const auto mismatches, compare_requests(rig_.network(), kPrefix, requests));
  totals_.requests += requests.size();
  totals_.mismatches += mismatches.size();
  for (const RequestMismatch& mismatch : mismatches) {
    Finding finding{.name = name, .replay = replay, .told = {to_text(mismatch.request)}};
    finding.told.insert(finding.told.end(), mismatch.differences.begin(),
                        mismatch.differences.end());
    tell(finding);
  }
  return {};
}

// A wire's finding is about a packet that has passed, so that it is told and not kept either.
Status Run::hear_wires(const std::string& name, const std::string& replay) {
  ASSIGN_OR_RETURN(const WireFindings found, rig_.wire_findings());
  totals_.wires.asked += found.asked;
  totals_.wires.untold += found.untold;
  totals_.mismatches += found.disagreed;
  if (found.disagreed == 0) return {};
  tell({.name = name, .replay = replay, .told = found.disagreements});
  return {};
}

Status Run::compare_with_fresh(const lab::Lab& lab, const lab::Lab* before, const std::string& name,
                               const std::string& replay) {
  ASSIGN_OR_RETURN(const Dump over, dump(kPrefix));
  RETURN_IF_ERROR(rig_.clear());
  RETURN_IF_ERROR(rig_.apply(lab));
  ASSIGN_OR_RETURN(const Dump fresh, dump(kPrefix));
  ++totals_.fresh;
  const auto found = differences(over, fresh, kMostDifferences);
  if (found.empty()) return {};
  ++totals_.mismatches;
  const Finding finding{.name = name + "-over", .replay = replay, .told = found};
  tell(finding);
  keep(finding, lab, before);
  RETURN_IF_ERROR(rig_.clear());
  return rig_.apply(lab);
}

void Run::tell(const Finding& finding) {
  fmt::print("MISMATCH {}\n", finding.name);
  for (const std::string& line : finding.told) fmt::print("    {}\n", line);
  fmt::print("  replay: {}\n", finding.replay);
  std::fflush(stdout);  // the search for a smaller lab takes its time
}

// Whether the finding still shows. A lab that cannot be applied shows nothing of it.
bool Run::shows(const Finding& finding, const lab::Lab& lab, const lab::Lab* before) {
  if (finding.question && !has_app(lab, sender_of(*finding.question))) return false;
  const bool ready =
      rig_.clear().ok() && (before == nullptr || rig_.apply(*before).ok()) && rig_.apply(lab).ok();
  if (!ready) return false;
  if (finding.question) {
    const auto mismatches = rig_.compare({*finding.question});
    return mismatches.ok() && !mismatches->empty();
  }
  const auto over = dump(kPrefix);
  if (!over.ok() || !rig_.clear().ok() || !rig_.apply(lab).ok()) return false;
  const auto fresh = dump(kPrefix);
  return fresh.ok() && !differences(*over, *fresh, 1).empty();
}

void Run::keep(const Finding& finding, const lab::Lab& lab, const lab::Lab* before) {
  if (settings_.keep.empty() || kept_ == kMostKept) return;
  const bool alone = finding.question && shows(finding, lab, nullptr);
  if (!alone && (before == nullptr || !shows(finding, lab, before))) {
    fmt::print("  shows only after more labs than one: neither shrunk nor kept\n");
    return;
  }
  ++kept_;
  if (alone) before = nullptr;
  const lab::Lab small = shrink(
      lab, [&](const lab::Lab& smaller) { return shows(finding, smaller, before); },
      kMostQuestions);
  if (before == nullptr) return write(finding, small, nullptr);
  const lab::Lab small_before = shrink(
      *before, [&](const lab::Lab& smaller) { return shows(finding, small, &smaller); },
      kMostQuestions);
  write(finding, small, &small_before);
}

void Run::write(const Finding& finding, const lab::Lab& lab, const lab::Lab* before) {
  Case kept{.lab = lab};
  if (before != nullptr) kept.before = *before;
  if (finding.question && rig_.apply(lab).ok()) {
    const auto expectation = expectation_of(rig_.network(), *finding.question);
    if (expectation.ok()) kept.lab.expectations = {*expectation};
  }
  const auto file = write_case(settings_.keep, finding.name, kept, finding.told);
  if (!file.ok()) {
    fmt::print("  cannot keep it: {}\n", file.error().to_string());
    return;
  }
  fmt::print("  smallest lab that shows it: scripts/oracle {}\n", *file);
}

}  // namespace egress::oracle
