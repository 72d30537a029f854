// SPDX-License-Identifier: MIT
#pragma once

// Why a command could not do its work, with a code that stays, and what the user can do next.

#include <string>
#include <variant>

#include "base/result.hpp"
#include "egressctl/json_access.hpp"

namespace egress::ctl {

// What processes that call egressctl can tell apart. `exec` answers with the command's own status
// or, for its own trouble, as env(1) does.
enum Exit : int {
  kDone = 0,
  kNo = 1,  // invalid, refused, denied, not in sync, a test failed
  kUsage = 2,
  kNothingToTest = 2,
  kChanges = 2,
  kTrouble = 3,
  kPartly = 3,
  kDisagrees = 4,
  kExecTrouble = 125,
  kNotExecutable = 126,
  kNoCommand = 127,
};

// How far a request came before it failed.
enum class Reach {
  kNowhere,  // no daemon answered
  kDaemon,   // it refused, and nothing changed
  kKernel,   // it had begun to change things
};

struct Failure {
  std::string code{};  // "not-found"
  std::string message{};
  std::string hint{};             // the next command to try, or empty
  Json findings = Json::array();  // of a lab file
  Reach reach = Reach::kNowhere;
};
Failure failure_of(const Error& error, std::string hint = {});
// {"error": {"code", "message", "hint"?, "findings"?}}
Json to_json(const Failure& failure);

// A document of the daemon, or why there is none.
using Answer = std::variant<Json, Failure>;

}  // namespace egress::ctl
