// SPDX-License-Identifier: MIT
#pragma once

// Namespaces that take another's name: what is in them, and who is connected from there, goes on
// under the new one.

#include <map>
#include <string>

#include "state/kernel_state.hpp"

namespace egress::state {

// From the name that a namespace has for a while, "eg-app-web-0-next", to its last one.
using Renames = std::map<NetnsName, NetnsName>;

// Those of `renames` that are to be done now: where the first name is there and no longer wanted,
// and the second is wanted. Of several for one name the first.
Renames due(const Renames& renames, const KernelState& desired, const KernelState& observed);

// `observed` under other names, all at once: links' other ends and attachments' processes follow.
// Nothing may keep a name that another one gets.
KernelState renamed(const KernelState& observed, const Renames& renames);

// The name under which diff() knows a namespace that is to be removed for another that gets its
// name. Nobody desires one.
NetnsName replaced_name(const NetnsName& name);

}  // namespace egress::state
