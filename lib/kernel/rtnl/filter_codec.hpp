// SPDX-License-Identifier: MIT
#pragma once

// The flow cache's hooks as rtnetlink messages: every port of a router has a clsact, and all of a
// namespace share one block of filters at the ingress and one at the egress, so that a port costs
// one message. A namespace of ours has no other block.

#include <cstdint>
#include <optional>

#include "kernel/flow_cache/programs.hpp"
#include "kernel/netlink.hpp"
#include "kernel/netns_scope.hpp"
#include "state/kernel_state.hpp"

namespace egress::kernel {

using Hook = FlowCachePrograms::Hook;

// With the blocks, which the first such port brings into being.
NlMessage add_hooks(int link_index);
NlMessage remove_hooks(int link_index);
// Whether a clsact has those blocks.
bool has_hooks(const nlmsghdr& qdisc);

// Classes that the programs know what to do with: of the ingress, the namespace's own number; of
// the egress, what is to be remembered there.
uint32_t number_in_filters(const NetnsIdentity& netns);
uint32_t class_of_flow_cache(state::FlowCache what);
std::optional<state::FlowCache> flow_cache_of_class(uint32_t class_id);

// The one filter of a block, in place of one with our handle: a program by its descriptor, and the
// class that it is to see.
NlMessage set_filter(Hook hook, int program_fd, const std::string& name, uint32_t class_id);
NlMessage flush_filters(Hook hook);
NlMessage list_filters(Hook hook);

struct AttachedFilter {
  FilterProgram program{};  // without a name of one that is no program
  uint32_t class_id = 0;
};
// Nothing for what is no filter's entry.
std::optional<AttachedFilter> decode_filter(const nlmsghdr& message);

}  // namespace egress::kernel
