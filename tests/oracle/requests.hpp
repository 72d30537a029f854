// SPDX-License-Identifier: MIT
#pragma once

// Requests from the Internet to the front ends of apps, which nothing that an app's network routes
// or denies may touch.

#include <cstdint>
#include <string>
#include <vector>

#include "policy/explain.hpp"
#include "tests/oracle/generator.hpp"

namespace egress::oracle {

struct RequestCase {
  std::string from{};  // an Internet host
  std::string site{};
  policy::Flow flow{};
};

// At most `count`, over TCP, no two from one port; none where no site has an address.
std::vector<RequestCase> random_requests(const lab::Lab& lab, uint64_t seed, size_t count);

// "site0 tcp://20.60.9.200:443 from port 20017"
std::string to_text(const RequestCase& request);

}  // namespace egress::oracle
