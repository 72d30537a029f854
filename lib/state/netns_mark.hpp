// SPDX-License-Identifier: MIT
#pragma once

// The mark that every network namespace of ours carries from before it has a name, and by which a
// fresh process knows it: the alias of its `lo`.

#include <optional>
#include <string>

namespace egress::state {

struct NetnsMark {
  std::string prefix{};     // of the lab's namespace names, "eg"
  std::string state_dir{};  // whose lab it is, as a canonical path; long ones are shortened
  bool operator==(const NetnsMark&) const = default;
};

// `state_dir` shortened to what an alias has room for; the end of a long one is then a digest.
NetnsMark make_mark(std::string prefix, std::string state_dir);

std::string to_alias(const NetnsMark& mark);  // "egressd eg /var/lib/egressd"
// Nothing when `alias` is no mark of ours, nor of another lab.
std::optional<NetnsMark> parse_mark(const std::string& alias);

}  // namespace egress::state
