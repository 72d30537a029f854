// SPDX-License-Identifier: MIT
#pragma once

// What the lab's clock does to connection tracking when it is moved on. It concerns the namespaces
// that keep time for Azure: the stamp, which translates for App Service, NAT gateways, and the
// virtual networks, whose entries are flow records. What workers and appliances translate is a
// means of the emulation and keeps the machine's time.

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "control/protocol.hpp"
#include "kernel/kernel.hpp"
#include "policy/network.hpp"

namespace egress::daemon {

class FlowAgeing {
 public:
  // On the kernel's thread. `prefix` starts every namespace's name.
  FlowAgeing(kernel::Kernel& kernel, const policy::Network& network, const std::string& prefix);

  struct Report {
    size_t ended = 0;
    std::vector<control::FailedObject> failed{};  // namespaces
  };
  // On any thread. Every flow gets older by as much, as if no packet of it had come meanwhile, and
  // ends where that is the end of its time-out.
  Report age(std::chrono::seconds by) const;

 private:
  struct Tracked {
    state::NetnsName netns{};
    Result<std::shared_ptr<kernel::FlowTable>> flows;
  };
  std::vector<Tracked> tracked_{};
};

}  // namespace egress::daemon
