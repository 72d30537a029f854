// SPDX-License-Identifier: MIT
#pragma once

// Who carries is preferred to who sends: a packet that is carried as soon as it is sent is still in
// the processor's cache, and no queue in front of a TUN device runs full meanwhile. It costs round
// trips and new connections some context switches more (docs/performance.md). Where the kernel does
// not let it (it takes CAP_SYS_NICE in the first user namespace), packets are carried as others are
// served.

namespace egress::wires {

// Of the whole process against other sessions (sched(7), "The autogroup feature"). Called once the
// process has a session of its own.
void prefer_process();

// Of the calling thread against the others of its group, which with autogroups or control groups
// is all that a nice value decides.
void prefer_thread();

}  // namespace egress::wires
