// SPDX-License-Identifier: MIT
#pragma once

// What a process finds when it runs as an app: environment, resolver configuration and names
// (azure-facts 1.6, 8.2). Pure; entering the namespace is the client's work.

#include <string>

#include "base/result.hpp"
#include "control/protocol.hpp"
#include "lab/lab.hpp"
#include "policy/explain.hpp"

namespace egress::control {

// kNotFound when the site or the instance does not exist.
Result<AppContext> app_context(const lab::Lab& lab, const lab::IntegrationAddresses& addresses,
                               const lab::Sender& app, const std::string& prefix);

}  // namespace egress::control
