// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include "base/number.hpp"
#include "control/messages.hpp"
#include "lab/domain_name.hpp"
#include "lab/schema/vocabulary.hpp"
#include "lab/suggest.hpp"

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

// RFC 1035 2.3.4; characters that a name server would have to escape are no part of a name here.
bool is_domain_name(const std::string& name) {
  constexpr size_t kMostBytes = 253;
  constexpr size_t kMostBytesOfLabel = 63;
  if (name.empty() || name.size() > kMostBytes) return false;
  size_t label = 0;
  for (const char letter : name) {
    const bool dot = letter == '.';
    if (dot && label == 0) return false;
    label = dot ? 0 : label + 1;
    if (letter <= ' ' || letter == 0x7f || letter == '\\' || label > kMostBytesOfLabel)
      return false;
  }
  return label > 0;
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

Parameters to_parameters(const WatchRequest& request) {
  Parameters parameters{{"packets", request.packets ? "true" : "false"},
                        {"denied", request.denied ? "true" : "false"}};
  if (request.site.empty()) return parameters;
  parameters[kSite] =
      request.instance ? fmt::format("{}/{}", request.site, *request.instance) : request.site;
  return parameters;
}

Result<WatchRequest> parse_watch_request(const Parameters& parameters) {
  WatchRequest request;
  if (const std::string text = text_of(parameters, kSite); !text.empty()) {
    ASSIGN_OR_RETURN(const lab::Sender app, lab::Sender::parse(text));
    request.site = app.site;
    if (text.find('/') != std::string::npos) request.instance = app.instance;
  }
  ASSIGN_OR_RETURN(request.packets, parse_flag(parameters, "packets"));
  ASSIGN_OR_RETURN(request.denied, parse_flag(parameters, "denied"));
  return request;
}

Result<bool> parse_flag(const Parameters& parameters, const char* name) {
  const std::string text = text_of(parameters, name);
  if (!text.empty() && text != "true" && text != "false") return wrong(name, "true or false");
  return text == "true";
}

Result<lab::Sender> parse_app(const Parameters& parameters) {
  const std::string text = text_of(parameters, kSite);
  if (text.empty()) return wrong(kSite, "SITE or SITE/INSTANCE");
  return lab::Sender::parse(text);
}

Result<lab::Sender> parse_sender(const Parameters& parameters) {
  const std::string text = text_of(parameters, kSite);
  if (text.empty()) return wrong(kSite, "SITE, SITE/INSTANCE or host/NAME");
  return lab::Sender::parse_with_hosts(text);
}

Result<lab::TrafficClass> parse_traffic(const std::string& word) {
  for (const auto& spelling : lab::traffic_classes()) {
    if (lab::equal_ignoring_case(spelling.word, word)) return spelling.value;
  }
  return Error{.code = Errc::kInvalid,
               .message = fmt::format("'{}' is no class of traffic: {}", lab::shown(word),
                                      lab::one_of(lab::words_of(lab::traffic_classes())))};
}

Result<lab::TrafficClass> parse_traffic(const Parameters& parameters) {
  const std::string word = text_of(parameters, "traffic");
  if (word.empty()) return lab::TrafficClass::kApplication;
  return parse_traffic(word);
}

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
  ASSIGN_OR_RETURN(request.app, parse_sender(parameters));
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
  ASSIGN_OR_RETURN(request.app, parse_sender(parameters));
  ASSIGN_OR_RETURN(request.destination, address_of(parameters, "destinationIPAddress"));
  return request;
}

Parameters to_parameters(const ResolveRequest& request) {
  return {{"name", request.name},
          {"type", policy::to_text(request.type)},
          {"traffic", lab::name_of(request.app.traffic)},
          {"verify", request.verify ? "true" : "false"}};
}

Result<ResolveRequest> parse_resolve_request(const lab::Sender& app, const Parameters& parameters) {
  ResolveRequest request{.app = app, .name = lab::plain_domain_name(text_of(parameters, "name"))};
  if (!is_domain_name(request.name)) return wrong("name", "a domain name");
  if (const std::string type = text_of(parameters, "type"); !type.empty()) {
    const auto parsed = policy::record_type(type);
    if (!parsed) return wrong("type", "a record type, such as A, AAAA, CNAME or TXT");
    request.type = *parsed;
  }
  ASSIGN_OR_RETURN(request.app.traffic, parse_traffic(parameters));
  ASSIGN_OR_RETURN(request.verify, parse_flag(parameters, "verify"));
  return request;
}

}  // namespace egress::control
