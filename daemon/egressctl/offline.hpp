// SPDX-License-Identifier: MIT
#pragma once

// Decisions for a lab file without a daemon, in the same documents as the daemon's. Addresses are
// those the lab's integrations would get first.

#include <string>

#include "control/messages.hpp"
#include "egressctl/answer.hpp"
#include "egressctl/lab_source.hpp"

namespace egress::ctl {

Answer explain_offline(const LabSource& source, const control::ExplainRequest& request);
Answer resolve_offline(const LabSource& source, const control::ResolveRequest& request);
// The start of an app, predicted.
Answer startup_offline(const LabSource& source, const lab::Sender& app);
// Expectations against decisions; no packet is sent.
Answer test_offline(const LabSource& source);

// "did you mean" for a name that is none of the lab's `names`; empty when it is one. `what` they
// are: "sites".
std::string hint_for(const char* what, const std::string& name,
                     const std::vector<std::string>& names);

}  // namespace egress::ctl
