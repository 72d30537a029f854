// SPDX-License-Identifier: MIT
#pragma once

// Which ports flows hold of what translates for the Internet: of App Service's own source NAT, of
// NAT gateways.

#include <memory>
#include <string>
#include <vector>

#include "inspect/status.hpp"
#include "kernel/kernel.hpp"
#include "policy/network.hpp"

namespace egress::daemon {

class PortUsage {
 public:
  // On the kernel's thread. `prefix` starts every namespace's name.
  PortUsage(kernel::Kernel& kernel, std::shared_ptr<const policy::Network> network,
            const std::string& prefix);

  // On any thread. Where it cannot be counted, that is a problem.
  void describe(inspect::StatusReport& report) const;

 private:
  using Flows = std::shared_ptr<kernel::FlowTable>;
  Status count_app_service(inspect::StatusReport& report) const;
  Status count_gateway(policy::Index gateway, inspect::StatusReport& report) const;

  std::shared_ptr<const policy::Network> network_;
  // Null where the namespace is missing: there is nothing to count, and that is drift.
  Flows app_service_{};
  std::vector<Flows> gateways_{};  // as the network's
};

}  // namespace egress::daemon
