// SPDX-License-Identifier: MIT
#include <fmt/format.h>
#include <strings.h>

#include "lab/flow_url.hpp"
#include "policy/explain.hpp"

namespace egress::policy {
namespace {

std::string text_of(const std::optional<Ipv4Address>& address) {
  return address ? address->to_string() : "none";
}

std::string difference(const char* what, const std::string& wanted, const std::string& got) {
  return fmt::format("{}: expected {}, got {}", what, wanted, got);
}

// Azure's documents and its objects spell the default rules with different capitals
// (azure-facts 4.3).
bool same_decider(const std::string& a, const std::string& b) {
  return strcasecmp(a.c_str(), b.c_str()) == 0;
}

}  // namespace

std::vector<std::string> mismatches(const lab::Expectation& expectation, const Explanation& got) {
  std::vector<std::string> differences;
  if (expectation.expect != got.verdict) {
    const std::string by =
        got.decided_by.name.empty() ? name_of(got.decided_by.stage) : got.decided_by.name;
    differences.push_back(difference("verdict", lab::name_of(expectation.expect),
                                     fmt::format("{} by {}", lab::name_of(got.verdict), by)));
  }
  if (expectation.by && !same_decider(*expectation.by, got.decided_by.name)) {
    differences.push_back(difference("decided by", *expectation.by, got.decided_by.name));
  }
  if (expectation.via && *expectation.via != got.path) {
    differences.push_back(
        difference("path", lab::name_of(*expectation.via), lab::name_of(got.path)));
  }
  if (expectation.source && expectation.source != got.source) {
    differences.push_back(
        difference("source", expectation.source->to_string(), text_of(got.source)));
  }
  const auto target = lab::parse_flow_target(expectation.to);
  // A TCP connection that is expected to work needs its answers, too.
  const bool wants_reply = expectation.expect == lab::Verdict::kAllow && target.ok() &&
                           target->protocol == Protocol::kTcp && got.reply.has_value();
  if (wants_reply && got.reply->verdict != lab::Verdict::kAllow) {
    differences.push_back(
        difference("reply", lab::name_of(lab::Verdict::kAllow),
                   fmt::format("{}: {}", lab::name_of(got.reply->verdict), got.reply->reason)));
  }
  return differences;
}

}  // namespace egress::policy
