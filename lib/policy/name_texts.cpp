// SPDX-License-Identifier: MIT
#include "policy/name_texts.hpp"

#include <fmt/format.h>

namespace egress::policy {
namespace {

std::string text_of(const AnswerSource& source) {
  switch (source.kind) {
    case AnswerSource::Kind::kZone:
      return fmt::format("zone {}, linked to {}", source.zone, source.link);
    case AnswerSource::Kind::kPublic: return "public";
    case AnswerSource::Kind::kProvided: return "provided by Azure in " + source.link;
    case AnswerSource::Kind::kServer: return "a record of " + source.zone;
    case AnswerSource::Kind::kForwarded: return "by real servers";
  }
  return {};
}

// What stands at the end when no record does.
std::string negative(RecordType type, const NameAnswer& answer) {
  const std::string source = text_of(answer.decided_by);
  switch (answer.status) {
    case NameStatus::kNoError: return fmt::format("has no {} record ({})", to_text(type), source);
    case NameStatus::kNxDomain: return fmt::format("does not exist ({})", source);
    case NameStatus::kServfail: return "cannot be resolved (SERVFAIL)";
    case NameStatus::kRefused: return "is not known here (REFUSED)";
    case NameStatus::kForward:
      return "is for real servers to say, of which none was asked or has answered";
  }
  return {};
}

}  // namespace

std::string sentence(const std::string& name, RecordType type, const NameAnswer& answer) {
  std::string text = name;
  const Record* before = nullptr;
  for (const Record& record : answer.records) {
    text += fmt::format("{}{} ({})", before == nullptr ? " is " : ", ", data_text(record),
                        text_of(record.source));
    before = &record;
  }
  const bool leads_on =
      before == nullptr || (before->type == RecordType::kCname && type != RecordType::kCname);
  if (!leads_on) return text + ".";
  return fmt::format("{}{} {}.", text, before == nullptr ? "" : ", which", negative(type, answer));
}

std::string outcome_text(const Resolution& resolution) {
  std::string text;
  if (resolution.answered_by) {
    for (const Record& record : resolution.servers[*resolution.answered_by].answer.records) {
      if (record.type != resolution.type) continue;
      text += (text.empty() ? "" : ", ") + data_text(record);
    }
  }
  if (!text.empty()) return text;
  switch (resolution.status) {
    case lab::LookupStatus::kNoError: return fmt::format("no {} record", to_text(resolution.type));
    case lab::LookupStatus::kNxDomain:
    case lab::LookupStatus::kServfail: return lab::name_of(resolution.status);
    case lab::LookupStatus::kTimeout: break;
  }
  return "time-out";
}

}  // namespace egress::policy
