// SPDX-License-Identifier: MIT
#include "policy/expectation.hpp"

#include <fmt/format.h>
#include <strings.h>

#include <algorithm>

#include "lab/flow_url.hpp"
#include "lab/suggest.hpp"
#include "policy/name_texts.hpp"

namespace egress::policy {
namespace {

std::string difference(const char* what, const std::string& wanted, const std::string& got) {
  return fmt::format("{}: expected {}, got {}", what, wanted, got);
}

// Azure's documents and its objects spell the default rules with different capitals
// (azure-facts 4.3).
bool same_decider(const std::string& a, const std::string& b) {
  return strcasecmp(a.c_str(), b.c_str()) == 0;
}

// As far as the way there goes.
bool meets(lab::Verdict verdict, lab::Outcome wanted) {
  using lab::Outcome;
  switch (wanted) {
    case Outcome::kAllow:
    case Outcome::kForbidden:
    case Outcome::kRefused:
    case Outcome::kNoAnswer: return verdict == lab::Verdict::kAllow;
    case Outcome::kDeny:
      return verdict == lab::Verdict::kDeny || verdict == lab::Verdict::kDrop ||
             verdict == lab::Verdict::kNoRoute;
    case Outcome::kDrop: return verdict == lab::Verdict::kDrop;
    case Outcome::kNoRoute: return verdict == lab::Verdict::kNoRoute;
    case Outcome::kUnresolved: return verdict == lab::Verdict::kUnresolved;
  }
  return false;
}

// Of a packet that arrives: whether what comes back is what `wanted` wants.
bool answers(const Explanation& got, lab::Outcome wanted, bool tcp) {
  const bool answered = got.reply->verdict == lab::Verdict::kAllow;
  const bool forbidden = got.service && got.service->access == lab::Access::kDeny;
  switch (wanted) {
    // A TCP connection that is expected to work needs its answers, too, and at a service access.
    case lab::Outcome::kAllow: return (answered || !tcp) && !forbidden;
    case lab::Outcome::kForbidden: return answered && forbidden;
    case lab::Outcome::kRefused: return answered && got.refused;
    case lab::Outcome::kNoAnswer: return !answered;
    default: return true;
  }
}

std::string answer_of(const Explanation& got) {
  if (got.reply->verdict == lab::Verdict::kAllow) {
    if (got.service && got.service->access == lab::Access::kDeny) {
      return fmt::format("Forbidden ({}): {}", got.service->code, got.service->reason);
    }
    if (got.answer_unknown) return fmt::format("what the program of {} answers", got.host);
    return got.refused ? "Refused" : "Allow";
  }
  return fmt::format("{}: {}", lab::name_of(got.reply->verdict), got.reply->reason);
}

// Whichever of `addresses` it is.
bool hold(const std::vector<Ipv4Prefix>& prefixes, const std::vector<Ipv4Address>& addresses) {
  const auto holds = [&](Ipv4Address address) {
    return std::any_of(prefixes.begin(), prefixes.end(),
                       [&](const Ipv4Prefix& prefix) { return prefix.contains(address); });
  };
  return !addresses.empty() && std::all_of(addresses.begin(), addresses.end(), holds);
}

std::string one_of(const std::vector<Ipv4Address>& addresses) {
  if (addresses.empty()) return "none";
  std::vector<std::string> texts;
  for (const Ipv4Address address : addresses) texts.push_back(address.to_string());
  return lab::one_of(texts);
}

std::string text_of(const std::vector<Ipv4Prefix>& prefixes) {
  std::vector<std::string> texts;
  for (const Ipv4Prefix& prefix : prefixes) texts.push_back(lab::short_text(prefix));
  return lab::one_of(texts);
}

bool meets(const Resolution& got, const lab::Expectation& wanted) {
  if (!wanted.status) {
    return std::is_permutation(wanted.addresses.begin(), wanted.addresses.end(),
                               got.addresses.begin(), got.addresses.end());
  }
  const bool waited = !got.answered_by && got.seconds > 0;
  return got.status == *wanted.status || (*wanted.status == lab::LookupStatus::kTimeout && waited);
}

std::string text_of(const lab::Expectation& wanted) {
  if (wanted.status) return lab::name_of(*wanted.status);
  std::string text;
  for (const Ipv4Address address : wanted.addresses) {
    text += (text.empty() ? "" : ", ") + address.to_string();
  }
  return text;
}

}  // namespace

std::vector<std::string> mismatches(const lab::Expectation& expectation, const Explanation& got) {
  std::vector<std::string> differences;
  if (!meets(got.verdict, expectation.expect)) {
    const std::string by =
        got.decided_by.name.empty() ? name_of(got.decided_by.stage) : got.decided_by.name;
    differences.push_back(difference("verdict", lab::name_of(expectation.expect),
                                     fmt::format("{} by {}", lab::name_of(got.verdict), by)));
  }
  if (expectation.by && !same_decider(*expectation.by, got.decided_by.name)) {
    differences.push_back(difference("decided by", *expectation.by, got.decided_by.name));
  }
  if (expectation.via && *expectation.via != got.path) {
    differences.push_back(difference("path", lab::name_of(*expectation.via),
                                     got.path ? lab::name_of(*got.path) : "none"));
  }
  if (!expectation.source.empty() && !hold(expectation.source, got.sources)) {
    differences.push_back(difference("source", text_of(expectation.source), one_of(got.sources)));
  }
  const auto target = lab::parse_flow_target(expectation.to);
  const bool tcp = target.ok() && target->protocol == Protocol::kTcp;
  if (got.reply && !answers(got, expectation.expect, tcp)) {
    differences.push_back(difference("reply", lab::name_of(expectation.expect), answer_of(got)));
  }
  return differences;
}

std::vector<std::string> mismatches(const lab::Expectation& expectation, const Resolution& got) {
  if (meets(got, expectation)) return {};
  return {difference("addresses", text_of(expectation),
                     fmt::format("{} by {}", outcome_text(got), got.decided_by.name))};
}

std::vector<std::string> mismatches(const lab::Expectation& expectation,
                                    const PlatformReport& got) {
  const std::string failed = got.failed_step ? lab::name_of(*got.failed_step) : "";
  if (got.running != expectation.running) {
    return {
        difference("startup", got.running ? "failed" : "running",
                   got.running ? "running" : fmt::format("failed by {}: {}", failed, got.reason))};
  }
  if (!expectation.by || *expectation.by == failed) return {};
  return {difference("decided by", *expectation.by, failed)};
}

}  // namespace egress::policy
