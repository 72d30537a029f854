// SPDX-License-Identifier: MIT
#pragma once

// What somebody has put on wires by command, beside the lab.

#include <map>
#include <vector>

#include "ipam/leases.hpp"
#include "lab/lab.hpp"
#include "policy/network.hpp"
#include "store/store.hpp"

namespace egress::session {

using ImposedOnWires = std::map<policy::WorkerKey, policy::Imposed>;

// What of it is left at `machine`, the machine's time, in a lab: neither what has ended, which the
// wires have done by themselves, nor what was put on instances that are gone or have no wires now.
ImposedOnWires still_imposed(const ImposedOnWires& imposed, const lab::Lab& lab,
                             const lab::Instances& instances, ipam::TimePoint machine);

// As the store keeps it. What this version cannot read is as good as cleared.
std::vector<store::ImposedText> to_stored(const ImposedOnWires& imposed);
ImposedOnWires from_stored(const std::vector<store::ImposedText>& stored);

}  // namespace egress::session
