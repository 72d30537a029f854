// SPDX-License-Identifier: MIT
#pragma once

// Whose a network namespace is. Ours carry our mark (state/netns_mark.hpp) as the alias of their
// `lo`: it is there for whoever asks, lives and dies with the namespace, whatever names it has, and
// no packet meets it. To ask, a socket is opened in the namespace; nothing else of it is looked at.

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "kernel/netns.hpp"
#include "state/foreign_netns.hpp"

namespace egress::kernel {

// Marks the namespace that the calling thread is in.
Status write_mark(const state::NetnsMark& mark);

class NetnsOwner {
 public:
  // For namespaces with the mark `own`. Notes which ones are the machine's: the caller's, and that
  // of process 1 where the caller may know it.
  static Result<NetnsOwner> make(const state::NetnsMark& own);

  // What a namespace is that is not ours; nothing when it is ours.
  std::optional<state::ForeignNetns> judge(const NetnsIdentity& identity,
                                           const std::string& alias) const;
  // The same for one whose alias is not known yet. The machine's own are not entered for it.
  Result<std::optional<state::ForeignNetns>> judge(int netns_fd) const;
  // Whether a process lives in a namespace of ours, named or not; false when it has ended.
  bool owns_process(pid_t pid) const;

 private:
  NetnsOwner(std::string own, std::vector<NetnsIdentity> machine)
      : own_(std::move(own)), machine_(std::move(machine)) {}

  bool is_machine(const NetnsIdentity& identity) const;

  std::string own_;  // the alias
  std::vector<NetnsIdentity> machine_;
};

// The marks, ours and others', of all namespaces that have a name on this machine, but for those
// that cannot be asked.
Result<std::map<std::string, state::NetnsMark>> marks_of_all();

}  // namespace egress::kernel
