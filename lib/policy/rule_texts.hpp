// SPDX-License-Identifier: MIT
#pragma once

// What security rules say, in their own words, for people.

#include <string>

#include "lab/lab.hpp"

namespace egress::policy {

std::string addresses_text(const lab::AddressMatch& match);  // "10.1.2.4, 10.1.2.5", "Storage", "*"
std::string ports_text(const PortSet& ports);                // "80, 8000-8080", "*"
// "TCP from 10.1.1.0/26 to 10.1.2.4, port 1433"; what does not matter is left out.
std::string conditions_text(const lab::SecurityRule& rule);

}  // namespace egress::policy
