// SPDX-License-Identifier: MIT
#pragma once

// What a lab looks like when it is in force: apps, workers and hosts with their namespaces and
// addresses. Pure; the daemon adds what only the kernel and its clock know.

#include <string>

#include "control/protocol.hpp"
#include "lab/lab.hpp"

namespace egress::control {

// A report without drift, problems and passes. `prefix` starts every namespace's name.
StatusReport describe(const lab::Lab& lab, const lab::IntegrationAddresses& addresses,
                      const std::string& prefix);

}  // namespace egress::control
