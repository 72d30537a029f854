// SPDX-License-Identifier: MIT
#pragma once

// The control interface's table of requests (ARCHITECTURE.md section 4): which path and method
// leads where, what of the body is read for it, and how values and refusals look as HTTP.

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

// For what fails before a request is understood, 404, 405, 413, 503, or in the middle of it, 500.
HttpResponse refusal(unsigned status, const std::string& why);

}  // namespace egress::daemon
