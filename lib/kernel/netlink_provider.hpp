// SPDX-License-Identifier: MIT
#pragma once

// The provider of namespaces and all that rtnetlink knows in them: links, addresses, neighbours,
// routes, rules, settings.

#include <map>
#include <vector>

#include "kernel/held_netns.hpp"
#include "kernel/provider.hpp"

namespace egress::kernel {

class NetlinkProvider final : public Provider {
 public:
  // Borrows `held`, as all providers do.
  explicit NetlinkProvider(HeldNetns& held) : held_(held) {}

  // Of its namespaces' settings those are read that it names, beside those that were changed.
  void expect(std::shared_ptr<const state::KernelState> desired) { expected_ = std::move(desired); }
  Status observe(state::KernelState& observed) override;
  bool provides(const state::Object& object) const override;
  Status apply(const state::Op& op) override;

 private:
  Status ask_for_sysctls(const state::NetnsName& netns, NetnsHandle& handle) const;
  Status read_changed(state::KernelState& observed);
  Status find_peers(state::KernelState& observed);
  Status perform(const state::Op& op, const state::NetnsObject& object);
  Status perform(const state::Op& op, const state::NetnsRename& rename);
  Status perform(const state::Op& op, const state::LinkPair& pair);
  Status perform(const state::Op& op, const state::LinkSettings& settings);
  template <typename Object>
  Status perform(const state::Op& op, const Object& object);

  Status add_pair(NetnsHandle& here, const state::NetnsName& name, const state::LinkPair& pair);
  Result<bool> is_pair(NetnsHandle& here, const state::LinkPair& pair, NetnsHandle& there);
  Status add_tun(NetnsHandle& here, const state::Link& link);
  Status remove_tun(NetnsHandle& here, const state::NetnsName& name, const state::Link& link);
  Status add_netns(const state::NetnsName& netns);
  Status remove_netns(const state::NetnsName& netns);
  Result<state::NetnsName> name_by_nsid(NetnsHandle& from, int nsid);
  void remove_orphaned_links();
  // Where one may have gone.
  void forget_links(const state::NetnsName& netns);

  HeldNetns& held_;
  std::shared_ptr<const state::KernelState> expected_ = std::make_shared<state::KernelState>();
  std::map<state::NetnsName, NetnsHandle::ReadingPtr> known_{};  // what is in `observed`
  bool links_changed_ = false;  // since their peers were found for `observed`
  // The other ends of links whose namespace was removed, by index. The kernel removes them by
  // itself, but later, and not while a process lives there; and most go with their own namespace.
  // TUN devices too, each of which alone would take the kernel 16 ms.
  std::map<state::NetnsName, std::vector<int>> orphaned_links_{};
};

}  // namespace egress::kernel
