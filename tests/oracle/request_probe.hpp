// SPDX-License-Identifier: MIT
#pragma once

// Requests as packets: an instance of the app sees each that its front end takes, from its gateway,
// and what its kernel answers, where no program listens, comes back.

#include "base/result.hpp"
#include "policy/network.hpp"
#include "tests/oracle/requests.hpp"

namespace egress::oracle {

struct RequestMismatch {
  RequestCase request{};
  std::vector<std::string> differences{};
};

// Those on which analysis and kernel differ. A difference is looked at twice.
Result<std::vector<RequestMismatch>> compare_requests(const policy::Network& network,
                                                      const std::string& prefix,
                                                      const std::vector<RequestCase>& requests);

}  // namespace egress::oracle
