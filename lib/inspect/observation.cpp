// SPDX-License-Identifier: MIT
#include "inspect/observation.hpp"

#include <fmt/format.h>

namespace egress::inspect {

namespace {

std::string text_of(const std::optional<Ipv4Address>& address) {
  return address ? address->to_string() : "nothing";
}

void compare_arrival(const policy::Explanation& expected, const Observation& seen,
                     std::vector<std::string>& found) {
  if (!seen.arrived) {
    found.push_back(
        fmt::format("explain: the packet reaches {}; kernel: it did not arrive", expected.host));
    return;
  }
  if (seen.host != expected.host) {
    found.push_back(fmt::format("explain: the packet reaches {}; kernel: it reached {}",
                                expected.host, seen.host));
  }
  if (seen.source != expected.source) {
    found.push_back(fmt::format("explain: {} sees source {}; kernel: {}", expected.host,
                                text_of(expected.source), text_of(seen.source)));
  }
}

const char* answer_name(bool replied, bool refused) {
  if (refused) return "a refusal";
  return replied ? "an answer" : "no answer";
}

}  // namespace

std::vector<std::string> differences(Protocol protocol, const policy::Explanation& expected,
                                     const Observation& seen) {
  std::vector<std::string> found;
  const bool allowed = expected.verdict == lab::Verdict::kAllow;
  // Allowed without a host is the platform itself, which has no namespace to watch.
  if (allowed && expected.host.empty()) return found;
  if (allowed) {
    compare_arrival(expected, seen, found);
  } else if (seen.arrived) {
    found.push_back(fmt::format("explain: {} by {}; kernel: the packet reached {}",
                                lab::name_of(expected.verdict), expected.decided_by.name,
                                seen.host));
  }
  const bool answer_returns =
      allowed ? expected.reply && expected.reply->verdict == lab::Verdict::kAllow : true;
  const bool refusal = expected.refused && answer_returns;
  const bool answer = allowed && !expected.refused && answer_returns;
  // A refusal is no answer, whatever else the probe noted of it.
  const bool seen_answer = seen.replied && !seen.refused;
  const bool unsaid = protocol != Protocol::kTcp && refusal && !seen.replied;
  if (unsaid) return found;
  if (refusal != seen.refused || answer != seen_answer) {
    found.push_back(fmt::format("explain: {} comes back; kernel: {}", answer_name(answer, refusal),
                                answer_name(seen_answer, seen.refused)));
  }
  return found;
}

std::vector<std::string> owners(const lab::Lab& lab, Ipv4Address address) {
  std::vector<std::string> names;
  for (const auto& [name, host] : lab.hosts) {
    if (host.ip_address == address) names.push_back(name);
  }
  return names;
}

}  // namespace egress::inspect
