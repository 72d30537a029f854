// SPDX-License-Identifier: MIT
#pragma once

#include "base/slots.hpp"
#include "lab/lab.hpp"
#include "policy/names.hpp"

namespace egress::policy {

// The addresses of all private endpoints: those that the lab gives, then those that they have in
// `held`, then, in the order of their names, the lowest of the subnet that no machine and no
// endpoint has. One without any is missing.
EndpointAddresses endpoint_addresses(const lab::Lab& lab, const NumberBook& held = {});
// Adds them to a book.
void number_endpoints(const lab::Lab& lab, const NumberBook& held, NumberBook& book);

}  // namespace egress::policy
