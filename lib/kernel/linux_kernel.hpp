// SPDX-License-Identifier: MIT
#pragma once

// The Kernel that is one: the namespaces that carry one mark, kept open from pass to pass, and the
// responders in them. Dispatches each op to the adapter that knows the object. Needs CAP_NET_ADMIN
// and CAP_SYS_ADMIN; not for more than one thread.

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "kernel/kernel.hpp"
#include "kernel/netns.hpp"
#include "kernel/netns_handle.hpp"
#include "kernel/netns_owner.hpp"
#include "kernel/process/responders.hpp"

namespace egress::kernel {

class LinuxKernel final : public Kernel {
 public:
  struct Options {
    std::string prefix = "eg";
    std::string state_dir{};          // canonical; with the prefix, by what ours are known
    std::string run_dir{};            // shared by the daemons of a machine; ours is below
    std::string responder_program{};  // the path of egress-host
  };
  // Looks at nothing yet but for leftovers of a creation that was cut short, which it removes.
  // kDenied when the run folder or ours in it is one that others have a hand in.
  static Result<std::unique_ptr<LinuxKernel>> open(Options options);

  Result<state::KernelState> observe() override;
  const state::ForeignNames& foreign() const override { return foreign_; }
  int changes_fd() const override { return feed_.get(); }
  Status apply(const state::Op& op) override;
  Result<std::map<std::string, uint64_t>> counters(const state::NetnsName& netns) override;

 private:
  LinuxKernel(const Options& options, NetnsOwner owner, UniqueFd feed);

  Status refresh_handles();
  // A part of the namespaces is read anew although nothing was heard of a change.
  void distrust_some();
  // Of several names of one namespace the one that we gave counts.
  Status open_handles(const std::vector<state::NetnsName>& names);
  // kNotFound when there is no such namespace, it is not ours, or it is held under another name:
  // then it is noted in foreign_.
  Result<NetnsHandle*> handle(const state::NetnsName& netns);
  // The same for one that is about to be changed.
  Result<NetnsHandle*> changing(const state::NetnsName& netns);
  // The error is kNotFound.
  Error note_foreign(const state::NetnsName& netns, const state::ForeignNetns& foreign);
  void close_handle(const state::NetnsName& netns);
  Status add_responders(state::KernelState& observed) const;

  Status perform(const state::Op& op, const state::NetnsObject& object);
  Status perform(const state::Op& op, const state::FirewallChange& change);
  Status perform(const state::Op& op, const state::LinkPair& pair);
  Status perform(const state::Op& op, const state::LinkSettings& settings);
  Status perform(const state::Op& op, const state::Responder& responder);
  template <typename Object>
  Status perform(const state::Op& op, const Object& object);

  Status add_pair(NetnsHandle& here, const state::NetnsName& name, const state::LinkPair& pair);
  Result<bool> is_pair(NetnsHandle& here, const state::LinkPair& pair, NetnsHandle& there);
  Status add_netns(const state::NetnsName& netns);
  Status remove_netns(const state::NetnsName& netns);
  Result<state::NetnsName> name_by_nsid(NetnsHandle& from, int nsid);
  void remove_orphaned_links();
  // Where one may have gone.
  void forget_links(const state::NetnsName& netns);

  std::string prefix_;
  NetnsOwner owner_;
  NetnsDirectory directory_;
  Responders responders_;
  UniqueFd feed_;  // epoll over all watches
  std::map<state::NetnsName, NetnsHandle> handles_{};
  std::map<NetnsIdentity, state::NetnsName> held_names_{};  // of handles_
  state::ForeignNames foreign_{};
  state::NetnsName last_distrusted_{};
  UsedNftContexts used_contexts_{};
  // The other ends of links whose namespace was removed, by index. The kernel removes them by
  // itself, but later, and not while a process lives there; and most go with their own namespace.
  std::map<state::NetnsName, std::vector<int>> orphaned_links_{};
};

}  // namespace egress::kernel
