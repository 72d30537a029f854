// SPDX-License-Identifier: MIT
#pragma once

// Who holds which address of a subnet, and which wait for their release: what `leases` tells.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "ipam/leases.hpp"
#include "lab/lab.hpp"

namespace egress::inspect {

struct LeaseReport {
  lab::Instances instances{};         // those of plans that have two sets, or have had
  std::vector<ipam::Lease> leases{};  // by network and address, without those that are due
  std::optional<uint64_t> usable{};  // how many addresses the subnet that was asked for has to give
};

// Of the subnet "VNET/SUBNET", in any case; of all of them when `subnet` is empty. `now` is the
// lab's time. kNotFound when there is no such subnet.
Result<LeaseReport> lease_report(const lab::Lab& lab, const ipam::Leases& leases,
                                 const std::string& subnet, ipam::TimePoint now,
                                 const lab::Instances& instances = {});

// Of the instance that holds an address.
lab::Standing standing_of(const lab::Instances& instances, const lab::Integration& holder);

}  // namespace egress::inspect
