// SPDX-License-Identifier: MIT
#pragma once

// What a crash must not do to leases: who is still wanted keeps its address as long as its subnet
// has that address, nobody holds one twice, nobody unwanted holds one, and what an instance that is
// gone has left waits and is nobody's. Delays of releases are hours here, so that none ends in a
// run.

#include <map>
#include <string>

#include "egressctl/client.hpp"
#include "ipam/leases.hpp"
#include "lab/lab.hpp"

namespace egress::crash {

struct LeaseBook {
  lab::IntegrationAddresses held{};                      // by Windows containers, too
  std::map<ipam::LeaseKey, lab::Integration> waiting{};  // with who left it
  bool operator==(const LeaseBook&) const = default;
};

// The leases in force as the daemon tells them; none without a lab.
Result<LeaseBook> leases_of(const ctl::Client& client);

// Whether `after` is what `lab` may have made of `before`.
Status check_leases(const LeaseBook& before, const lab::Lab& lab, const LeaseBook& after);

std::string to_text(const LeaseBook& leases);

}  // namespace egress::crash
