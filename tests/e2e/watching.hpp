// SPDX-License-Identifier: MIT
#pragma once

// `egressctl watch` as scripts use it.

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <future>
#include <string>

#include "tests/support/machine.hpp"

namespace egress::e2e {

// Watches until a line matches `pattern`, while `provoke` is called again and again. Then nobody
// reads on, which ends it; the line, or what went wrong.
template <typename Provoke>
std::string first_line(const testing_support::Machine& machine,
                       const testing_support::Command& arguments, const std::string& pattern,
                       Provoke provoke) {
  testing_support::Command watch{"watch"};
  watch.insert(watch.end(), arguments.begin(), arguments.end());
  const std::string script =
      fmt::format("set -o pipefail; '{}' | grep --line-buffered --max-count=1 -e '{}'",
                  fmt::join(machine.ctl_command(watch), "' '"), pattern);
  auto found = std::async(std::launch::async, [&] {
    return testing_support::run({"bash", "-c", script});
  });
  while (found.wait_for(std::chrono::milliseconds(10)) != std::future_status::ready) provoke();
  const testing_support::Outcome outcome = found.get();
  return outcome.status == 0 ? outcome.out
                             : fmt::format("status {}: {}", outcome.status, outcome.err);
}

}  // namespace egress::e2e
