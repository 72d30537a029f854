// SPDX-License-Identifier: MIT
#pragma once

// What becomes of a tracked flow when the lab is another one than when it began: a list that
// flushes connections may deny it now, and it may leave by another exit.

#include <map>
#include <set>

#include "compile/translations.hpp"
#include "policy/network.hpp"
#include "state/tracked_flow.hpp"

namespace egress::flows {

enum class Fate {
  kKept,
  kDenied,     // carries nothing any more, neither way
  kForgotten,  // what comes next of it is judged and translated as of a new flow
};

// In the namespace of a virtual network, of which `vnet` is the index. Denied is what a list with
// flushConnection denies today, as the flow began (azure-facts 4.2.6): the outbound list of whoever
// sends it here, the inbound list of whoever receives it, appliances on its way included. Forgotten
// is what was denied so and is not any more, what does not leave under the address under which it
// would leave today, and a connection that has been reset, as the next one from its port is to be
// judged.
Fate fate_in_vnet(const policy::Network& network, policy::Index vnet,
                  const compile::Translations& translations, const state::TrackedFlow& flow);

// In the namespaces of a worker, of the stamp and of a NAT gateway with these `addresses`:
// forgotten is what does not leave under an address under which it could leave today. The stamp
// keeps what is closed for as long as its port is held.
Fate fate_in_worker(const compile::Translations::Zones& zones, const state::TrackedFlow& flow);
Fate fate_in_stamp(const compile::Translations& translations, const state::TrackedFlow& flow);
Fate fate_at_nat_gateway(const std::set<Ipv4Address>& addresses, const state::TrackedFlow& flow);

}  // namespace egress::flows
