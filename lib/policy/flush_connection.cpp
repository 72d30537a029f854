// SPDX-License-Identifier: MIT
#include "policy/flush_connection.hpp"

namespace egress::policy {

bool flushes_connections(const lab::Lab& lab, const lab::Subnet& subnet) {
  return subnet.network_security_group &&
         lab.network_security_groups.at(*subnet.network_security_group).flush_connection;
}

}  // namespace egress::policy
