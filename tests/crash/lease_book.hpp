// SPDX-License-Identifier: MIT
#pragma once

// What a crash must not do to leases: an integration that is still wanted keeps its address as long
// as its subnet has that address, nobody holds one twice, and nobody unwanted holds one.

#include <string>

#include "egressctl/client.hpp"
#include "lab/lab.hpp"

namespace egress::crash {

// The leases in force as the daemon tells them; none without a lab.
Result<lab::IntegrationAddresses> leases_of(const ctl::Client& client);

// Whether `after` is what `lab` may have made of `before`.
Status check_leases(const lab::IntegrationAddresses& before, const lab::Lab& lab,
                    const lab::IntegrationAddresses& after);

std::string to_text(const lab::IntegrationAddresses& leases);

}  // namespace egress::crash
