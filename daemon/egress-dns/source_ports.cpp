// SPDX-License-Identifier: MIT
#include "egress-dns/source_ports.hpp"

namespace egress::resolver {
namespace {

// So 128 of them last when two or three questions are under way all the time.
constexpr std::chrono::seconds kUse{5};

bool is_translated(Ipv4Address server) {
  return !is_rfc1918(server) && server != kAzurePlatform;
}

}  // namespace

SourcePorts::Port SourcePorts::take(Ipv4Address server, Time now) {
  std::vector<Port>& free = free_[server];
  std::erase_if(free, [&](const Port& port) { return now - port.since >= kUse; });
  if (free.empty()) return {};
  const Port port = free.back();
  free.pop_back();
  return port;
}

void SourcePorts::give_back(Ipv4Address server, const Port& port) {
  if (port.number != 0 && is_translated(server)) free_[server].push_back(port);
}

}  // namespace egress::resolver
