// SPDX-License-Identifier: MIT
#include "policy/arrival.hpp"

#include <algorithm>

#include "policy/private_ports.hpp"
#include "policy/public_addresses.hpp"

namespace egress::policy {
namespace {

using lab::Verdict;

bool listens(const Interface& interface, Protocol protocol, uint16_t port) {
  if (protocol == Protocol::kIcmp) return true;
  return std::find(interface.listen.begin(), interface.listen.end(), Port{protocol, port}) !=
         interface.listen.end();
}

// Of a flow that arrived: the rule that let it out of the sender's subnet, else the one that let it
// into the destination's subnet, else its first route.
DecidedBy decided_by(const WalkState& state) {
  const Interface& receiver = state.network.interfaces[state.trail.receiver];
  const bool in_vnet = receiver.subnet != kNowhere || state.trail.endpoint != kNowhere;
  if (state.first_route == nullptr) {
    if (in_vnet && state.admitted_by != nullptr) {
      return {Stage::kNetworkSecurityGroup, state.admitted_by->name};
    }
    if (state.origin.app == nullptr) return {Stage::kDestination, receiver.name};
    return {Stage::kApplicationRouting, routing_word(state.origin.app->lane->traffic)};
  }
  if (state.first_rule != nullptr) return {Stage::kNetworkSecurityGroup, state.first_rule->name};
  if (in_vnet && state.admitted_by != nullptr) {
    return {Stage::kNetworkSecurityGroup, state.admitted_by->name};
  }
  return {Stage::kRoute, state.first_route->name};
}

bool leaves_by_app_service(const WalkState& state) {
  return state.origin.worker != nullptr && state.trail.way == Entry::Way::kInternet &&
         state.trail.exit_host == kNowhere && state.trail.on_premises == kNowhere;
}

// Between an app or a NAT gateway and storage of its region Azure uses addresses of its own
// (azure-facts 1.3.8; contract "Decided" 25).
bool source_is_hidden(const WalkState& state) {
  return (leaves_by_app_service(state) || state.trail.nat_gateway != kNowhere) &&
         state.network.interfaces[state.trail.receiver].hides_outbound_addresses;
}

std::vector<Ipv4Address> possible_sources(const WalkState& state) {
  if (source_is_hidden(state)) return {};
  if (state.trail.nat_gateway == kNowhere) return {state.packet.source};
  return state.network.nat_gateways[state.trail.nat_gateway].addresses;
}

// What is hidden is not translated to an address of which there are so many ports, and ICMP has
// none.
std::optional<PathLimits> limits_of(const WalkState& state) {
  if (state.flow.protocol == Protocol::kIcmp || source_is_hidden(state)) return std::nullopt;
  const Network& network = state.network;
  if (state.trail.nat_gateway != kNowhere) {
    return limits_at(network.nat_gateways[state.trail.nat_gateway], state.flow.protocol);
  }
  const bool by_app_service =
      leaves_by_app_service(state) && state.packet.source == state.origin.worker->outbound;
  if (!by_app_service) return std::nullopt;
  return limits_at_app_service(network.situation.lab);
}

std::string seen_source(const WalkState& state) {
  if (source_is_hidden(state)) {
    return "it sees an address of the platform as the source, as storage accounts of the app's own "
           "region do";
  }
  if (state.explanation.sources.size() > 1) {
    return fmt::format("it sees one of the addresses of NAT gateway {} as the source",
                       state.network.nat_gateways[state.trail.nat_gateway].name);
  }
  const std::string source = state.packet.source.to_string();
  if (state.trail.way != Entry::Way::kServiceEndpoint) {
    return fmt::format("it sees {} as the source", source);
  }
  const Interface& sender = state.network.interfaces[state.trail.exit_host];
  return fmt::format("by the service endpoint it sees {} of {} as the source", source,
                     state.network.subnets[sender.subnet].name);
}

// With the only address that it may see, or as if it saw `source`.
Entry entry_of(const WalkState& state, std::optional<Ipv4Address> source) {
  Entry entry{.way = state.trail.way, .source = source};
  if (entry.way == Entry::Way::kServiceEndpoint) {
    const Interface& sender = state.network.interfaces[state.trail.exit_host];
    entry.subnet = state.network.subnets[sender.subnet].name;
  }
  return entry;
}

std::optional<ServiceFirewall> firewall_at(const WalkState& state) {
  const Interface& receiver = state.network.interfaces[state.trail.receiver];
  if (receiver.service != nullptr) return firewall_of(receiver.name, *receiver.service);
  if (receiver.site == nullptr) return std::nullopt;
  return firewall_of_site(state.network.situation.lab, receiver.name);
}

// Of several addresses that it may see, the first that it refuses: some connections meet that.
ServiceAnswer answer_of(const WalkState& state, const ServiceFirewall& firewall) {
  const std::vector<Ipv4Address>& sources = state.explanation.sources;
  if (sources.size() < 2) {
    return service_access(firewall, entry_of(state, state.explanation.source));
  }
  std::vector<ServiceAnswer> answers;
  for (const Ipv4Address source : sources) {
    answers.push_back(service_access(firewall, entry_of(state, source)));
  }
  std::stable_sort(answers.begin(), answers.end(), [](const auto& one, const auto& other) {
    return one.access == lab::Access::kDeny && other.access == lab::Access::kAllow;
  });
  ServiceAnswer answer = answers.front();
  const bool differs = answers.back().access != answer.access;
  if (differs) answer.reason += " " + answers.back().reason + " Each connection shows one of them.";
  answer.others.assign(answers.begin() + 1, answers.end());
  return answer;
}

// What a service or a front end makes of what it received.
void judge(WalkState& state, const std::string& where) {
  const auto firewall = firewall_at(state);
  if (!firewall || state.trail.refused || state.flow.protocol == Protocol::kIcmp) return;
  const Interface& receiver = state.network.interfaces[state.trail.receiver];
  const ServiceAnswer answer = answer_of(state, *firewall);
  std::string reason = answer.reason;
  if (receiver.site != nullptr && answer.access == lab::Access::kAllow) {
    state.explanation.answer_unknown = true;
    reason += fmt::format(" The front end hands it to {} on port {}, whose own program answers.",
                          receiver.name, receiver.app_port);
  }
  state.note({Stage::kService, where, lab::name_of(answer.access), receiver.name, reason});
  state.explanation.service = answer;
}

// `at` is the receiver, or the endpoint by which the packet comes to it.
Verdict receive(WalkState& state, const Interface& at, Index receiver, const std::string& where) {
  const std::string& name = state.network.interfaces[receiver].name;
  const bool refused = !listens(at, state.flow.protocol, state.packet.destination_port);
  state.trail.receiver = receiver;
  state.trail.refused = refused;
  Explanation& explanation = state.explanation;
  explanation.show(possible_sources(state));
  explanation.limits = limits_of(state);
  explanation.host = name;
  explanation.refused = refused;
  explanation.decided_by = decided_by(state);
  const char* what = refused ? "does not listen there: the port is closed" : "receives the packet";
  state.note({Stage::kDestination, where, refused ? "refused" : "delivered", name,
              fmt::format("{} {}; {}.", name, what, seen_source(state))});
  judge(state, where);
  return Verdict::kAllow;
}

}  // namespace

Verdict arrive_on_internet(WalkState& state) {
  if (state.trail.way == Entry::Way::kInternet) {
    const auto machine = state.network.public_machines.find(state.packet.destination);
    if (machine != state.network.public_machines.end()) {
      return arrive_by_public_address(state, machine->second);
    }
  }
  const Index receiver = state.network.machine_at(kNowhere, state.packet.destination);
  return receiver == kNowhere ? nobody(state, "internet") : arrive(state, receiver, "internet");
}

Verdict arrive_at_endpoint(WalkState& state, Index endpoint) {
  const Interface& at = state.network.interfaces[endpoint];
  state.trail.way = Entry::Way::kPrivateEndpoint;
  state.trail.endpoint = endpoint;
  return receive(state, at, at.behind, state.network.subnets[at.subnet].name);
}

Verdict arrive(WalkState& state, Index receiver, const std::string& where) {
  return receive(state, state.network.interfaces[receiver], receiver, where);
}

Verdict arrive_at_integration(WalkState& state, Index integration) {
  const Interface& at = state.network.interfaces[integration];
  Explanation& explanation = state.explanation;
  state.trail.receiver = integration;
  explanation.show({state.packet.source});
  explanation.decided_by = decided_by(state);
  const auto app = app_of_private_port(state.network, at, state.packet);
  if (!app) {
    state.trail.is_probe = true;
    state.note({Stage::kPlatform, at.name, "delivered", "udp/30000",
                fmt::format("The worker {} takes health probes of the platform and says nothing.",
                            at.name)});
    return Verdict::kAllow;
  }
  explanation.host = *app;
  explanation.answer_unknown = true;
  state.note({Stage::kDestination, explanation.host, "delivered", explanation.host,
              fmt::format("{} is a private port of {}, whose own program answers; it sees {} as "
                          "the source.",
                          state.packet.destination_port, explanation.host,
                          state.packet.source.to_string())});
  return Verdict::kAllow;
}

Verdict nobody(WalkState& state, const std::string& where) {
  const std::string destination = state.packet.destination.to_string();
  return state.stop(Verdict::kNoRoute, {Stage::kDestination, where, "NoRoute", destination,
                                        fmt::format("No host owns {}.", destination)});
}

}  // namespace egress::policy
