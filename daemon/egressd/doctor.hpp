// SPDX-License-Identifier: MIT
#pragma once

// Whether this machine can be one for labs, and what to do where it cannot. Changes nothing: what
// is tried out is made in namespaces of a process of its own, and goes with it.

#include <map>
#include <string>
#include <vector>

#include "egressd/settings.hpp"

namespace egress::daemon {

struct Check {
  enum class State { kOk, kWarning, kFailed };
  std::string name{};
  State state = State::kOk;
  std::string found{};
  std::string cure{};  // unless it is ok
};

// `programs` are those of labs, by their names.
std::vector<Check> examine(const Settings& settings,
                           const std::map<std::string, std::string>& programs);

// {"checks": [{"name", "state": "ok|warning|failed", "found", "cure"}]}
std::string to_json(const std::vector<Check>& checks);

}  // namespace egress::daemon
