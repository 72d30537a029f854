// SPDX-License-Identifier: MIT
#include "inspect/network_watcher.hpp"

#include "inspect/senders.hpp"
#include "lab/limits.hpp"
#include "policy/lists.hpp"
#include "policy/origin.hpp"

namespace egress::inspect {

namespace {

policy::Packet packet_of(const IpFlow& flow, Ipv4Address local_address) {
  policy::Packet packet{.protocol = number_of(flow.protocol),
                        .source = local_address,
                        .destination = flow.remote_address,
                        .source_port = flow.local_port,
                        .destination_port = flow.remote_port};
  if (flow.direction == lab::Direction::kInbound) {
    std::swap(packet.source, packet.destination);
    std::swap(packet.source_port, packet.destination_port);
  }
  return packet;
}

// Effective rules and routes are named "PARENT/NAME".
std::string parent_of(const std::string& name) {
  return name.substr(0, name.find('/'));
}

std::string rule_name(const policy::EffectiveRule& rule) {
  const bool user = rule.rule.priority <= lab::kMaxPriority;
  return (user ? "securityRules" : "defaultSecurityRules") + rule.name.substr(rule.name.find('/'));
}

// A machine's own stands beside its subnet's.
std::vector<const policy::Gate*> lists_of(const policy::Network& network,
                                          const policy::Network::Subnet& subnet,
                                          const lab::Sender& sender, lab::Direction direction) {
  std::vector<const policy::Gate*> lists;
  const auto machine = sender.host.empty() ? Result<policy::Index>(policy::kNowhere)
                                           : policy::find_machine(network, sender.host);
  if (machine.ok() && *machine != policy::kNowhere) {
    for (const policy::ListAt& list : policy::lists_at(network, *machine, direction)) {
      lists.push_back(list.gate);
    }
    return lists;
  }
  const bool inbound = direction == lab::Direction::kInbound;
  const policy::Gate* list = inbound ? subnet.inbound.get() : subnet.outbound.get();
  if (list != nullptr) lists.push_back(list);
  return lists;
}

}  // namespace

Result<IpFlowVerdict> ip_flow_verify(const policy::Network& network, const lab::Sender& sender,
                                     const IpFlow& flow) {
  ASSIGN_OR_RETURN(const policy::Network::Subnet* subnet, subnet_of(network, sender));
  ASSIGN_OR_RETURN(const Ipv4Address address, address_of(network, sender));
  IpFlowVerdict verdict;
  for (const policy::Gate* list : lists_of(network, *subnet, sender, flow.direction)) {
    const policy::EffectiveRule& rule = list->decide(packet_of(flow, address));
    verdict = {.access = rule.rule.access, .rule_name = rule_name(rule)};
    if (verdict.access == lab::Access::kDeny) break;
  }
  return verdict;
}

Result<NextHopAnswer> next_hop(const policy::Network& network, const lab::Sender& sender,
                               Ipv4Address destination) {
  ASSIGN_OR_RETURN(const policy::Network::Subnet* subnet, subnet_of(network, sender));
  RETURN_IF_ERROR(address_of(network, sender));
  const policy::Routing& routing = *subnet->routing;
  const policy::EffectiveRoute& route = routing.routes[routing.lookup.find(destination)];
  const bool user = route.source == policy::RouteSource::kUser;
  return NextHopAnswer{
      .next_hop = {policy::name_of(route.next_hop_type), route.next_hop_ip_address},
      .route_table_id = user ? parent_of(route.name) : "System Route"};
}

}  // namespace egress::inspect
