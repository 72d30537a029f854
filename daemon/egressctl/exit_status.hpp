// SPDX-License-Identifier: MIT
#pragma once

// What processes that call egressctl are told: every code that a failure can have, and the exit
// status that goes with it. egressctl(1) has the same table.

#include <vector>

#include "egressctl/answer.hpp"

namespace egress::ctl {

// `exec` answers with the command's own status or, for its own trouble, as env(1) does.
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
  kCancelled = 130,
};

// What a command is for. Of a question, "no" is an answer and a refusal is none.
enum class Purpose { kChange, kQuestion };

struct ErrorCode {
  const char* code;
  Exit change;
  Exit question;
  const char* meaning;
};
const std::vector<ErrorCode>& error_codes();

// Azure's own codes are not among error_codes(): they are refusals.
int exit_of(const Failure& failure, Purpose purpose);

}  // namespace egress::ctl
