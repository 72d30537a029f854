// SPDX-License-Identifier: MIT
#pragma once

// What becomes of a call that the platform makes for a site, and who makes it fail.

#include <optional>
#include <string>
#include <vector>

#include "policy/explain.hpp"

namespace egress::policy {

enum class CallResult { kReached, kForbidden, kRefused, kTimedOut, kUnresolved, kNotInLab };
const char* name_of(CallResult result);  // "reached", "timedOut"

// What a call came to, however it was found out.
struct CallOutcome {
  CallResult result = CallResult::kTimedOut;
  std::optional<Ipv4Address> address{};  // that was called
  std::optional<Ipv4Address> source{};   // that the far end sees
  std::string code{};                    // of kForbidden: in the service's own words
  std::string message{};                 // likewise
  bool operator==(const CallOutcome&) const = default;
};

// What a client sees that connects to a service over TCP. A program of an app's own answers.
CallOutcome outcome_of(const Explanation& explanation);
// That, and behind it what else the client may see where a service makes a difference between the
// addresses of which a NAT gateway shows one.
std::vector<CallOutcome> outcomes_of(const Explanation& explanation);

// "time-out", "no address", "connection refused", or what the service says. Of one that is lost.
std::string loss_text(const CallOutcome& outcome);

// Why a flow is not answered, or not in the way that its sender wants.
struct Loss {
  lab::Outcome outcome = lab::Outcome::kDrop;
  DecidedBy decided_by{};
  std::string reason{};  // one sentence, or empty
};
// Nothing: it is.
std::optional<Loss> loss_of(const Explanation& explanation);

}  // namespace egress::policy
