// SPDX-License-Identifier: MIT
#pragma once

// The part of a diff that concerns attachments. They go with their process: one that is to end or
// to be started anew needs no detaching, and its attachments are made again afterwards. Where a
// link is made, what is attached already is told once more, as what it had bound to a link of that
// name has ended with it.

#include "base/result.hpp"
#include "state/link_diff.hpp"
#include "state/ops.hpp"

namespace egress::state {

// kInvalid names the first attachment of a process that is not there.
Status check_attachments(const KernelState& desired);

// `unequal` are the unequal_netns(); `desired` has passed check_attachments(). Links are among
// `ops`.
void diff_attachments(ChangeSet& ops, const KernelState& desired, const KernelState& observed,
                      const NetnsNames& unequal);

}  // namespace egress::state
