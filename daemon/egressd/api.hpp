// SPDX-License-Identifier: MIT
#pragma once

// The control interface's table of requests (ARCHITECTURE.md section 4): which path and method
// leads where, and what of the body is read for it.

#include "egressd/http_server.hpp"
#include "egressd/operations.hpp"
#include "egressd/queries.hpp"

namespace egress::daemon {

class Api {
 public:
  Api(Operations& operations, Queries& queries) : operations_(operations), queries_(queries) {}

  HttpResponse handle(const HttpRequest& request);

 private:
  HttpResponse get(const HttpRequest& request);
  HttpResponse post(const HttpRequest& request);

  Operations& operations_;
  Queries& queries_;
};

}  // namespace egress::daemon
