// SPDX-License-Identifier: MIT
#pragma once

// Ports of source NAT whose connections were closed. Linux takes a port of a closed connection for
// free as soon as a new one finds no other (nf_nat_used_tuple_harder, since 6.0); App Service holds
// it: 240 s after a FIN, 15 s after a reset (azure-facts 7.2.3). So the closing of a connection is
// noted here, and one that is given its port meanwhile gets no further.

#include <chrono>

#include "state/nft_table.hpp"

namespace egress::compile {

inline constexpr std::chrono::seconds kHoldAfterClose{240};
inline constexpr std::chrono::seconds kHoldAfterReset{15};

// Of what leaves by "inet0", which "translation" has translated. The lab's clock is `ahead` of the
// machine's: what is noted counts by both, so that moving the lab's on gives ports back.
void hold_ports(state::NftTable& table, std::chrono::seconds ahead);

}  // namespace egress::compile
