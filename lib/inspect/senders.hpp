// SPDX-License-Identifier: MIT
#pragma once

// What a question about a site is about, or why it can have no answer.

#include <string>

#include "base/result.hpp"
#include "policy/network.hpp"

namespace egress::inspect {

// The subnet that the site has joined. kNotFound when there is no such site, kConflict when it has
// no integration.
Result<const policy::Network::Subnet*> subnet_of(const policy::Network& network,
                                                 const std::string& site);

// kConflict when packets of the app's class have no namespace to be sent from.
Status check_in_use(const policy::Network::App& app);

}  // namespace egress::inspect
