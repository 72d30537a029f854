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
// Expectations against decisions; no packet is sent.
Answer test_offline(const LabSource& source);

// "did you mean" for a name that the lab has not got; empty when it has it.
std::string hint_for_site(const std::string& site, const std::vector<std::string>& sites);
std::string hint_for_host(const std::string& host, const std::vector<std::string>& hosts);

}  // namespace egress::ctl
