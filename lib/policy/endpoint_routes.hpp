// SPDX-License-Identifier: MIT
#pragma once

// How the routes of service endpoints and of private endpoints get along with those of users, once
// every row has been ranked among those of its own prefix.

#include <vector>

#include "base/slots.hpp"
#include "policy/effective_routes.hpp"

namespace egress::policy {

// By VNet, in the order of the endpoints' names; `held` are addresses that they have already.
lab::Named<std::vector<PrivateEndpointRoute>> private_endpoint_routes(const lab::Lab& lab,
                                                                      const NumberBook& held);

// Both take and leave rows sorted by prefix, active before invalid.

// Where an endpoint's route would hold without the user's, a user route to Internet or VnetLocal
// leaves it in force, also when it is longer (azure-facts 13.1; contract "Decided" 12, 26).
void settle_service_endpoints(std::vector<EffectiveRoute>& rows);
// User routes that void an endpoint's, and what they carry to it (azure-facts 5.5, 13.2; contract
// "Decided" 19, 26). `endpoints` are those whose routes are among the rows.
void settle_private_endpoints(std::vector<EffectiveRoute>& rows,
                              const std::vector<PrivateEndpointRoute>& endpoints);

}  // namespace egress::policy
