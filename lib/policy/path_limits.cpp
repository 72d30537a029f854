// SPDX-License-Identifier: MIT
#include "policy/path_limits.hpp"

#include "lab/limits.hpp"

namespace egress::policy {

PathLimits limits_at_app_service(const lab::Lab& lab) {
  return {.ports = lab.snat_ports.preallocated + lab.snat_ports.best_effort,
          .idle = kIdleAtAppService};
}

PathLimits limits_at(const Network::NatGateway& gateway, Protocol protocol) {
  const bool tcp = protocol == Protocol::kTcp;
  return {.ports = lab::kPortsPerAddress,
          .idle = tcp ? gateway.idle : kIdleUdpAtNatGateway,
          .reset_when_idle = tcp};
}

}  // namespace egress::policy
