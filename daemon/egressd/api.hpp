// SPDX-License-Identifier: MIT
#pragma once

// The control interface's table of requests (ARCHITECTURE.md section 4): which path and method
// leads where, what of the body is read for it, and how values and refusals look as HTTP.

#include "egressd/http_server.hpp"
#include "egressd/operations.hpp"
#include "egressd/queries.hpp"

namespace egress::daemon {

class Api {
 public:
  Api(Operations& operations, Queries& queries) : operations_(operations), queries_(queries) {}

  void handle(const HttpRequest& request, const Respond& respond);

 private:
  HttpResponse get(const HttpRequest& request);
  void post(const HttpRequest& request, const Respond& respond);
  void explain(const HttpRequest& request, const Respond& respond);

  Operations& operations_;
  Queries& queries_;
};

}  // namespace egress::daemon
