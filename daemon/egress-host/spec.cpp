// SPDX-License-Identifier: MIT
#include "egress-host/spec.hpp"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

namespace egress::host {

std::string Port::to_string() const {
  return (transport == Transport::kTcp ? "tcp/" : "udp/") + std::to_string(number);
}

Result<Port> Port::parse(const std::string& text) {
  const Error malformed{.code = Errc::kInvalid,
                        .message = "'" + text + "' is not tcp/PORT or udp/PORT"};
  Port port;
  if (text.rfind("tcp/", 0) == 0) {
    port.transport = Transport::kTcp;
  } else if (text.rfind("udp/", 0) == 0) {
    port.transport = Transport::kUdp;
  } else {
    return malformed;
  }
  const char* const first = text.data() + 4;
  const char* const last = text.data() + text.size();
  const auto [end, error] = std::from_chars(first, last, port.number);
  if (error != std::errc{} || end != last || port.number == 0) return malformed;
  return port;
}

std::string to_json(const Spec& spec) {
  std::vector<std::string> listen;
  for (const Port& port : spec.listen) listen.push_back(port.to_string());
  std::sort(listen.begin(), listen.end());
  nlohmann::ordered_json json;
  json["netns"] = spec.netns;
  json["host"] = spec.host;
  json["listen"] = listen;
  return json.dump();
}

}  // namespace egress::host
