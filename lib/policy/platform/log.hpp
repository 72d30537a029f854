// SPDX-License-Identifier: MIT
#pragma once

// Lines of a step's log: App Service's own where they are known (azure-facts 2.2.5, 2.2.10), plain
// sentences elsewhere.

#include <string>
#include <vector>

#include "policy/platform/run.hpp"

namespace egress::policy {

// `in_network`: the class of the step enters the virtual network.
std::vector<std::string> opening_lines(const lab::PlatformTask& task, bool in_network);
// Of a step whose call is lost; `verdict` is about its packets. Empty for Key Vault, whose
// references have lines of their own; else what stands first names the failure.
std::vector<std::string> failure_lines(const lab::PlatformTask& task, bool in_network,
                                       const CallOutcome& outcome, lab::Verdict verdict);
// Who made a call fail, and why: "tcp://HOST:PORT from 20.50.1.4: Forbidden by images: …".
std::string lost_line(const CallRequest& request, const CallOutcome& outcome,
                      const Explanation& explanation);

// Why a vault whose call is lost resolves nothing.
std::string reference_reason(const CallOutcome& outcome);
std::string reference_line(const ReferenceReport& reference);
// What follows when the vault refuses the public attempt.
std::string through_network_line(const lab::PlatformTask& task);

}  // namespace egress::policy
