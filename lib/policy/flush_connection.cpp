// SPDX-License-Identifier: MIT
#include "policy/flush_connection.hpp"

namespace egress::policy {
namespace {

bool flushes(const lab::Lab& lab, const std::optional<std::string>& group) {
  return group && lab.network_security_groups.at(*group).flush_connection;
}

}  // namespace

bool flushes_connections(const lab::Lab& lab, const lab::Subnet& subnet) {
  return flushes(lab, subnet.network_security_group);
}

bool flushes_connections(const lab::Lab& lab, const lab::Host& host) {
  return flushes(lab, host.network_security_group);
}

}  // namespace egress::policy
