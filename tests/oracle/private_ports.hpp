// SPDX-License-Identifier: MIT
#pragma once

// Private ports of random labs, and flows to integrations.

#include <vector>

#include "tests/oracle/generator.hpp"

namespace egress::oracle {

// To a lab in which nobody has any.
void add_private_ports(lab::Lab& lab, Random& random);
// One app has others.
void change_private_ports(lab::Lab& lab, Random& random);

// Leases as destinations.
class Integrations {
 public:
  Integrations(const lab::Lab& lab, const lab::IntegrationAddresses& addresses);

  // Makes `next` a flow to one, if there is one: to a private port, one beside it or that of health
  // probes, often from another instance of its plan.
  void aim(ProbeCase& next, Random& random) const;

 private:
  struct Target {
    Ipv4Address address{};
    std::vector<uint16_t> ports{};
    std::vector<lab::Sender> others{};  // apps on other instances that share plan and subnet
  };
  std::vector<Target> targets_{};
};

}  // namespace egress::oracle
