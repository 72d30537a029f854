// SPDX-License-Identifier: MIT
#pragma once

// The part of a diff that concerns links, and what their removal takes along in the kernel: the
// other end, addresses, neighbours, routes. diff() compares those against what remains.

#include <set>

#include "base/result.hpp"
#include "state/ops.hpp"

namespace egress::state {

// Whether every veth end's other end is there and names it back; kInvalid names the first whose
// other end does not.
Status check_links(const KernelState& desired);

struct LinkChanges {
  ChangeSet ops{};
  std::set<LinkPeer> gone{};  // observed ends in surviving namespaces that will be removed
  // Ends whose names nobody needs again: they go last, once no route leads there any more.
  std::set<LinkPeer> retired{};
  std::set<LinkPeer> downed{};  // ends that stay, but go down
};
// `desired` has passed check_links().
LinkChanges diff_links(const KernelState& desired, const KernelState& observed);

// What is left in `observed` of namespace `name` once `changes` are made, and before anything else
// is: without the routes and neighbours of links that go down, without anything on links that go.
// Of retired links only those routes are left that `desired` replaces; the rest ends with them.
NetnsState remaining_netns(const NetnsName& name, const NetnsState& desired,
                           const NetnsState& observed, const LinkChanges& changes);

}  // namespace egress::state
