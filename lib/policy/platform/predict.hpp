// SPDX-License-Identifier: MIT
#pragma once

// A start or a backup as the analysis sees it.

#include <vector>

#include "policy/platform/run.hpp"

namespace egress::policy {

// What becomes of a call: of a name's first address. An address of the caller's own host, where
// nobody listens, is refused. kNotFound as find_app().
Result<Explanation> explain_call(const Network& network, const CallRequest& request,
                                 uint16_t source_port = Flow{}.source_port,
                                 const AskUpstream& ask = nullptr);

// kNotFound as find_app().
Result<PlatformReport> predict(const Network& network, const lab::Sender& app,
                               std::vector<lab::PlatformTask> tasks,
                               const AskUpstream& ask = nullptr);

}  // namespace egress::policy
