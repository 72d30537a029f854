// SPDX-License-Identifier: MIT
#pragma once

// The documentation's lab and flows through it, for tests in which something is killed meanwhile.

#include <string>

#include "tests/support/live_flows.hpp"
#include "tests/support/machine.hpp"

namespace egress::crash {

// `interface`: "veth" or "tun".
inline std::string contract_lab_on(const std::string& interface) {
  return testing_support::replaced(testing_support::contract_lab(), "capacity: 2}",
                                   "capacity: 2, interface: " + interface + "}");
}

// Through the worker, the integration and the network's two gates, to a host in another subnet.
inline testing_support::Endpoints to_sql(uint16_t port) {
  return {"eg-app-web-0", "eg-host-sql", Ipv4Address{0x0a010204U}, port};
}
// The long way: over the peering, the appliance that rewrites the source, and the Internet.
inline testing_support::Endpoints to_website(uint16_t port) {
  return {"eg-app-web-1", "eg-host-website", Ipv4Address{0x5db8d822U}, port};
}

}  // namespace egress::crash
