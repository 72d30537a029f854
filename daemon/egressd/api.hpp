// SPDX-License-Identifier: MIT
#pragma once

// The control interface's table of requests (ARCHITECTURE.md section 4): which path and method
// leads where, and what of the body is read for it.

#include <string>

#include "egressd/flow_watch.hpp"
#include "egressd/http_server.hpp"
#include "egressd/operations.hpp"
#include "egressd/probing.hpp"
#include "egressd/queries.hpp"
#include "egressd/scaling.hpp"
#include "egressd/startups.hpp"

namespace egress::daemon {

// Whom requests are for.
struct Parts {
  Operations& operations;
  Startups& startups;
  Scaling& scaling;
  Queries& queries;
  Probing& probing;
  FlowWatch& flow_watch;
};

void handle(const Parts& parts, const HttpRequest& request, const Respond& respond);

}  // namespace egress::daemon
