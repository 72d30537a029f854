// SPDX-License-Identifier: MIT
#include "egressctl/exit_status.hpp"

#include <algorithm>

namespace egress::ctl {

const std::vector<ErrorCode>& error_codes() {
  static const std::vector<ErrorCode> kCodes{
      {"usage", kUsage, kUsage, "The command line is wrong."},
      {"invalid", kNo, kTrouble, "The lab, or what was asked, breaks a rule."},
      {"exists", kNo, kTrouble, "There is one already."},
      {"conflict", kNo, kTrouble,
       "There is no lab, it does not allow this, or a name that it needs is somebody else's."},
      {"unsupported", kNo, kTrouble, "This machine cannot do it."},
      {"busy", kNo, kTrouble, "Another operation is in progress. --wait waits for its end."},
      {"nothing-to-test", kNothingToTest, kNothingToTest, "The file has no expectations."},
      {"not-found", kTrouble, kTrouble, "There is no such name, or no such file."},
      {"denied", kTrouble, kTrouble, "Not as this user."},
      {"daemon-unreachable", kTrouble, kTrouble, "No egressd listens on the socket."},
      {"version", kTrouble, kTrouble, "The daemon speaks another API than this egressctl."},
      {"timeout", kTrouble, kTrouble, "No answer within --timeout."},
      {"connection", kTrouble, kTrouble, "The connection ended before the answer did."},
      {"protocol", kTrouble, kTrouble, "The answer makes no sense."},
      {"interrupted", kTrouble, kTrouble, "The daemon went away before it was finished."},
      {"partly", kPartly, kPartly, "Not all is done. The daemon keeps trying."},
      {"kernel", kTrouble, kTrouble, "The kernel, or the file system, refused."},
      {"bug", kTrouble, kTrouble, "egressd contradicts itself."},
      {"cancelled", kCancelled, kCancelled, "Ctrl-C. What had begun goes on in the daemon."},
      {"not-running", kNo, kTrouble, "The app's start has failed."},
      {"starting", kNo, kTrouble, "The app's start goes on."},
      {"command-not-found", kNoCommand, kNoCommand, "Of exec: there is no such program."},
      {"not-executable", kNotExecutable, kNotExecutable, "Of exec: the program cannot be run."},
  };
  return kCodes;
}

int exit_of(const Failure& failure, Purpose purpose) {
  if (failure.reach == Reach::kKernel && failure.code != "cancelled") return kPartly;
  const auto& codes = error_codes();
  const auto known = std::find_if(codes.begin(), codes.end(),
                                  [&](const ErrorCode& each) { return failure.code == each.code; });
  const bool question = purpose == Purpose::kQuestion;
  if (known == codes.end()) return question ? kTrouble : kNo;
  return question ? known->question : known->change;
}

}  // namespace egress::ctl
