// SPDX-License-Identifier: MIT
#pragma once

// What a failed op of a pass makes pointless or unsafe: everything in a namespace that could not be
// made or given its name, giving a name that another namespace still has, everything on a link that
// could not, bringing links up behind a firewall that is not in force, routes over links that stay
// down, removing a namespace in which a process still runs or is attached, attaching a process that
// does not run, letting through what firewalls hold back meanwhile while something that takes away
// is not done.

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "state/ops.hpp"

namespace egress::reconcile {

class Dependents {
 public:
  // `op` failed or was skipped.
  void note_undone(const state::Op& op);
  // `op` succeeded.
  void note_done(const state::Op& op);
  // Why `op` must not be tried, for people; empty when it may.
  std::optional<std::string> reason_to_skip(const state::Op& op) const;

 private:
  std::optional<std::string> missing_link(const state::Op& op) const;
  std::optional<std::string> missing_netns(const state::NetnsName& netns) const;
  std::optional<std::string> process_or_attachment(const state::Op& op) const;

  std::map<state::NetnsName, std::string> missing_netns_{};  // with the reason
  std::set<state::NetnsName> old_netns_{};                   // that are still there
  std::set<state::NetnsName> failed_firewalls_{};
  std::string not_taken_away_{};  // the first that is not done of what may take away
  std::set<std::pair<state::NetnsName, std::string>> running_processes_{};
  std::set<state::ProcessRef> missing_processes_{};
  std::set<std::pair<state::NetnsName, std::string>> old_attachments_{};
  std::map<state::LinkPeer, std::string> missing_links_{};  // with the reason
  std::set<state::LinkPeer> down_links_{};
};

}  // namespace egress::reconcile
