// SPDX-License-Identifier: MIT
#pragma once

// What egress-host is to answer on in one namespace, as the text that it is given. Equal values
// have equal texts.

#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/ip.hpp"
#include "base/protocol.hpp"
#include "base/result.hpp"
#include "policy/served_names.hpp"
#include "policy/service_access.hpp"
#include "tls/authority.hpp"

namespace egress::settings {

// A way past the Internet by which clients come, known by the interface.
struct ResponderWay {
  std::string device{};
  uint32_t mark = 0;  // of what is answered without a connection
  std::set<Port> listen{};
  policy::Entry::Way way = policy::Entry::Way::kServiceEndpoint;
  // Who comes by a service endpoint, "vnet/subnet".
  std::vector<std::pair<Ipv4Prefix, std::string>> subnets{};
  bool operator==(const ResponderWay&) const = default;
};

// On these a responder answers TLS, too. On all others who comes is greeted at once, as the
// contract says, which leaves nobody time to begin a handshake.
inline constexpr Port kTlsPorts[] = {{Protocol::kTcp, 443}, {Protocol::kTcp, 8443}};
bool may_speak_tls(const Port& port);

struct Responder {
  std::string host{};       // the name in its answers
  std::set<Port> listen{};  // on all addresses of the namespace
  std::string device{};     // for clients that come by it alone; empty: by any
  std::vector<ResponderWay> ways{};
  std::optional<policy::ServiceFirewall> firewall{};  // whose verdict its answers carry
  policy::ServedNames served{};                       // of which its certificates speak
  // Signs them; none where no port speaks TLS. It holds a secret, so the text is given to the
  // program and stands in no file.
  tls::Authority authority{};
  bool operator==(const Responder&) const = default;
};

std::string to_text(const Responder& responder);
// kInvalid says what is wrong with the text.
Result<Responder> parse_responder(const std::string& text);

}  // namespace egress::settings
