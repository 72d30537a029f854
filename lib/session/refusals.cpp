// SPDX-License-Identifier: MIT
#include "session/refusals.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

#include "lab/read/find_place.hpp"

namespace egress::session {

namespace {

// Of a file as a whole; of an operation on a lab that was valid, the rule that it breaks.
Refusal invalid(const Step& step, const std::vector<lab::Finding>& findings) {
  const auto broken = std::find_if(
      findings.begin(), findings.end(),
      [](const lab::Finding& finding) { return finding.severity == lab::Severity::kError; });
  if (step.cause != lifecycle::Cause::kOperation || broken == findings.end()) {
    return {{.code = Errc::kInvalid, .message = "the lab is invalid"}, findings};
  }
  const bool absent = broken->code == std::string_view(errc_name(Errc::kNotFound));
  return {{.code = absent ? Errc::kNotFound : Errc::kInvalid, .message = broken->message},
          findings,
          broken->code};
}

std::vector<lab::Finding> findings_of(const std::vector<lifecycle::Refusal>& refusals) {
  std::vector<lab::Finding> findings;
  for (const lifecycle::Refusal& refusal : refusals) {
    findings.push_back({.path = refusal.path,
                        .code = refusal.code,
                        .message = refusal.message,
                        .hint = refusal.hint});
  }
  return findings;
}

// What the file no longer has is told of the nearest thing around it.
void add_places(const lab::LabText& text, std::vector<lab::Finding>& findings) {
  const lab::YamlTree tree = lab::parse_yaml(text.text);
  for (lab::Finding& finding : findings) {
    const lab::Mark mark = lab::find_place(tree, finding.path);
    finding.file = text.file;
    finding.line = mark.line;
    finding.column = mark.column;
  }
}

// Whether a refusal says what is wrong there.
bool is_told(const lab::Finding& finding, const std::vector<lifecycle::Refusal>& refusals) {
  return finding.severity == lab::Severity::kError &&
         std::any_of(refusals.begin(), refusals.end(), [&](const lifecycle::Refusal& refusal) {
           return refusal.path == finding.path;
         });
}

Refusal refused(const Step& step, const lab::LabText& text, const lab::Loaded& loaded,
                const std::vector<lifecycle::Refusal>& refusals) {
  const lifecycle::Refusal& first = refusals.front();
  Refusal refusal{
      {.code = first.kind, .message = first.message}, findings_of(refusals), first.code};
  if (step.from_file) add_places(text, refusal.findings);
  for (const lab::Finding& finding : loaded.findings) {
    if (!is_told(finding, refusals)) refusal.findings.push_back(finding);
  }
  return refusal;
}

}  // namespace

std::variant<lifecycle::Transition, Refusal> judge(const Step& step, const lab::LabText& text,
                                                   const lab::Loaded& loaded) {
  const std::optional<lab::Lab>& after = loaded.lab ? loaded.lab : loaded.read;
  if (!after) return invalid(step, loaded.findings);
  const lifecycle::Change change{.before = step.before(),
                                 .after = *after,
                                 .state = step.base.life,
                                 .cause = step.cause,
                                 .operation = step.operation,
                                 .now = step.now};
  if (!loaded.lab) {
    const std::vector<lifecycle::Refusal> refusals = lifecycle::refusals(change);
    return refusals.empty() ? invalid(step, loaded.findings)
                            : refused(step, text, loaded, refusals);
  }
  auto judged = lifecycle::transition(change);
  if (auto* transition = std::get_if<lifecycle::Transition>(&judged)) return std::move(*transition);
  auto& refusals = std::get<std::vector<lifecycle::Refusal>>(judged);
  Refusal refusal = refused(step, text, loaded, refusals);
  refusal.transition = std::move(refusals);
  refusal.lab = std::make_shared<const lab::Lab>(*after);
  return refusal;
}

Refusal no_lab() {
  return {{.code = Errc::kConflict, .message = "no lab is in force"}, {}};
}

Refusal too_large(std::vector<lab::Finding> excess) {
  return {{.code = Errc::kInvalid, .message = "the lab is too large"}, std::move(excess)};
}

}  // namespace egress::session
