// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include "base/number.hpp"
#include "control/messages.hpp"

namespace egress::control {

namespace {

constexpr const char* kSite = "site";

Error wrong(const char* name, const std::string& must) {
  return {.code = Errc::kInvalid,
          .message = fmt::format("the parameter '{}' must be {}", name, must)};
}

std::string text_of(const Parameters& parameters, const char* name) {
  const auto found = parameters.find(name);
  return found == parameters.end() ? std::string() : found->second;
}

Result<Ipv4Address> address_of(const Parameters& parameters, const char* name) {
  const auto address = Ipv4Address::parse(text_of(parameters, name));
  return address.ok() ? address : wrong(name, "an IPv4 address");
}

Result<uint16_t> port_of(const Parameters& parameters, const char* name) {
  const auto port = parse_number<uint16_t>(text_of(parameters, name));
  if (!port) return wrong(name, "a port from 0 to 65535");
  return *port;
}

Result<lab::Sender> app_of(const Parameters& parameters) {
  const std::string text = text_of(parameters, kSite);
  if (text.empty()) return wrong(kSite, "SITE or SITE/INSTANCE");
  return lab::Sender::parse(text);
}

// One of the two, as Network Watcher spells it.
template <typename T>
Result<T> either_of(const Parameters& parameters, const char* name, T first, T second,
                    std::string (*spell)(T)) {
  const std::string text = text_of(parameters, name);
  for (const T value : {first, second}) {
    if (spell(value) == text) return value;
  }
  return wrong(name, spell(first) + " or " + spell(second));
}

std::string spell_direction(lab::Direction direction) {
  return lab::name_of(direction);
}

std::string spell_protocol(Protocol protocol) {
  return protocol == Protocol::kTcp ? "TCP" : "UDP";
}

}  // namespace

Parameters to_parameters(const IpFlowRequest& request) {
  const inspect::IpFlow& flow = request.flow;
  return {{kSite, request.app.to_string()},
          {"direction", spell_direction(flow.direction)},
          {"protocol", spell_protocol(flow.protocol)},
          {"remoteIPAddress", flow.remote_address.to_string()},
          {"remotePort", std::to_string(flow.remote_port)},
          {"localPort", std::to_string(flow.local_port)}};
}

Result<IpFlowRequest> parse_ip_flow_request(const Parameters& parameters) {
  IpFlowRequest request;
  inspect::IpFlow& flow = request.flow;
  ASSIGN_OR_RETURN(request.app, app_of(parameters));
  ASSIGN_OR_RETURN(flow.direction, either_of(parameters, "direction", lab::Direction::kOutbound,
                                             lab::Direction::kInbound, spell_direction));
  ASSIGN_OR_RETURN(flow.protocol, either_of(parameters, "protocol", Protocol::kTcp, Protocol::kUdp,
                                            spell_protocol));
  ASSIGN_OR_RETURN(flow.remote_address, address_of(parameters, "remoteIPAddress"));
  ASSIGN_OR_RETURN(flow.remote_port, port_of(parameters, "remotePort"));
  ASSIGN_OR_RETURN(flow.local_port, port_of(parameters, "localPort"));
  return request;
}

Parameters to_parameters(const NextHopRequest& request) {
  return {{kSite, request.app.to_string()},
          {"destinationIPAddress", request.destination.to_string()}};
}

Result<NextHopRequest> parse_next_hop_request(const Parameters& parameters) {
  NextHopRequest request;
  ASSIGN_OR_RETURN(request.app, app_of(parameters));
  ASSIGN_OR_RETURN(request.destination, address_of(parameters, "destinationIPAddress"));
  return request;
}

}  // namespace egress::control
