// SPDX-License-Identifier: MIT
#pragma once

// The part of a diff that concerns links, and what their removal takes along in the kernel: the
// other end, addresses, neighbours, routes. diff() compares those against what remains.

#include <map>
#include <set>
#include <string>

#include "base/result.hpp"
#include "state/ops.hpp"

namespace egress::state {

using NetnsNames = std::set<NetnsName>;

// The namespaces of `desired` that are not so in `observed`, and where links or addresses are not,
// those in which links of theirs end or ended: a link that is made anew is a change there, too.
NetnsNames unequal_netns(const KernelState& desired, const KernelState& observed);

// Whether the other end of every veth end in `among` is there and names it back, and no TUN has
// one; kInvalid names the first of which that is not so.
Status check_links(const KernelState& desired, const NetnsNames& among);

struct LinkChanges {
  // Observed ends of a surviving namespace, by name.
  struct InNetns {
    std::set<std::string> gone{};
    // Nobody needs their names again: they go last, once no route leads there any more.
    std::set<std::string> retired{};
    std::set<std::string> downed{};  // they stay, but go down
  };
  ChangeSet ops{};
  std::map<NetnsName, InNetns> by_netns{};  // only where some of them go, or go down
};
// `unequal` are the unequal_netns(), which have passed check_links().
LinkChanges diff_links(const KernelState& desired, const KernelState& observed,
                       const NetnsNames& unequal);

// What is left of `observed` once `changes` are made in it, and before anything else is: without
// the routes and neighbours of links that go down, without anything on links that go. Of retired
// links only those routes are left that `desired` replaces; the rest ends with them.
NetnsState remaining_netns(const NetnsState& desired, const NetnsState& observed,
                           const LinkChanges::InNetns& changes);

}  // namespace egress::state
