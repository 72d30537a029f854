// SPDX-License-Identifier: MIT
#pragma once

// The namespaces that carry one mark, kept open from pass to pass, and the names that look like
// theirs and are not. What every provider asks for a namespace.

#include <chrono>
#include <map>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "kernel/mount_table.hpp"
#include "kernel/netns.hpp"
#include "kernel/netns_handle.hpp"
#include "kernel/netns_owner.hpp"
#include "state/foreign_netns.hpp"

namespace egress::kernel {

class HeldNetns {
 public:
  // `feed` as for NetnsWatch; `flow_cache` is not null.
  HeldNetns(NetnsOwner owner, NetnsDirectory directory, MountTable mounts, UniqueFd feed,
            std::shared_ptr<FlowCachePrograms> flow_cache, Clock clock);

  const NetnsOwner& owner() const { return owner_; }
  const NetnsDirectory& directory() const { return directory_; }
  int feed() const { return feed_.get(); }
  const state::ForeignNames& foreign() const { return foreign_; }
  std::map<state::NetnsName, NetnsHandle>& all() { return handles_; }

  // Looks which have come and gone. Those whose turn it is are to be read anew although nothing
  // was heard of a change: each of them in eight minutes. Of two names that we gave to one
  // namespace, as a rename that was cut short leaves it, the one that is not `wanted` is taken
  // away.
  Status refresh(const state::KernelState& wanted);
  // kNotFound when there is no such namespace, it is not ours, or it is held under another name:
  // then it is foreign.
  Result<NetnsHandle*> get(const state::NetnsName& netns);
  // The same for one that is about to be changed.
  Result<NetnsHandle*> changing(const state::NetnsName& netns);
  // The one that is held under this name, or by this identity; nothing is opened.
  NetnsHandle* find(const state::NetnsName& netns);
  NetnsHandle* find(const NetnsIdentity& identity);
  // Of one that is held: it stays open, and what is known of it stays known. kExists when something
  // else has that name.
  Status rename(const state::NetnsName& from, const state::NetnsName& to);
  void close(const state::NetnsName& netns);
  // The same for one that turned out to be somebody else's.
  void lose(const state::NetnsName& netns, const state::ForeignNetns& foreign);

 private:
  void distrust_some();
  Status close_changed(const std::vector<state::NetnsName>& names);
  // By which namespaces know those that are closed, or called otherwise now.
  void forget_names();
  // Of several names of one namespace the one that we gave counts.
  Status open(const std::vector<state::NetnsName>& names, const state::KernelState& wanted);
  // Success also when there is none of ours.
  Status open(const state::NetnsName& netns);
  Status finish_rename(const state::NetnsName& netns, const state::KernelState& wanted);
  // The error is kNotFound.
  Error note_foreign(const state::NetnsName& netns, const state::ForeignNetns& foreign);

  NetnsOwner owner_;
  NetnsDirectory directory_;
  MountTable mounts_;
  bool mounts_changed_ = false;  // since all names were looked at
  UniqueFd feed_;                // epoll over all watches
  std::shared_ptr<FlowCachePrograms> flow_cache_;
  Clock clock_;
  std::map<state::NetnsName, NetnsHandle> handles_{};
  std::map<NetnsIdentity, state::NetnsName> held_names_{};  // of handles_
  bool closed_some_ = false;
  state::ForeignNames foreign_{};
  state::NetnsName last_distrusted_{};
  std::chrono::steady_clock::time_point distrusted_until_;
};

// What is in no namespace needs no removal.
Status missing_or_error(const state::Op& op, Error error);

}  // namespace egress::kernel
