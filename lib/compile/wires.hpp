// SPDX-License-Identifier: MIT
#pragma once

// Integrations that a process carries between a worker and its network, over a TUN device on either
// side (lab::IntegrationInterface). All else about them is as with a veth pair.

#include "compile/fabric.hpp"

namespace egress::compile {

// Whether the instance's integrations are carried so.
bool has_wires(const policy::Network& network, const policy::WorkerKey& worker);

// The process, and what it is told where, in namespaces that are there already.
void add_wires(Fabric& fabric);

// What the process is told of the network, if there is a wire; in the stamp's namespace, which is
// there already.
void attach_network_of_wires(state::KernelState& state, const policy::Network& network,
                             const std::string& prefix);

}  // namespace egress::compile
