// SPDX-License-Identifier: MIT
#include "egress-host/answer.hpp"

#include <nlohmann/json.hpp>

#include "base/ip.hpp"

namespace egress::host {
namespace {

std::string endpoint(const sockaddr_in& address) {
  return Ipv4Address{ntohl(address.sin_addr.s_addr)}.to_string() + ":" +
         std::to_string(ntohs(address.sin_port));
}

}  // namespace

std::string answer(const std::string& host, Protocol protocol, const sockaddr_in& local,
                   const sockaddr_in& peer) {
  return nlohmann::json{{"host", host},
                        {"local", endpoint(local)},
                        {"peer", endpoint(peer)},
                        {"protocol", name_of(protocol)}}
      .dump();
}

}  // namespace egress::host
