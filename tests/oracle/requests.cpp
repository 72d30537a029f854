// SPDX-License-Identifier: MIT
#include "tests/oracle/requests.hpp"

#include <fmt/format.h>

namespace egress::oracle {

std::vector<RequestCase> random_requests(const lab::Lab& lab, uint64_t seed, size_t count) {
  std::vector<std::string> callers;
  for (const auto& [name, host] : lab.hosts) {
    if (host.internet() && host.has_address()) callers.push_back(name);
  }
  std::vector<std::string> called;
  for (const auto& [name, site] : lab.sites) {
    if (site.inbound_ip_address) called.push_back(name);
  }
  std::vector<RequestCase> requests;
  if (callers.empty() || called.empty()) return requests;
  static const std::vector<uint16_t> kPorts = {80, 443, 443, 80, 8080, 22};
  Random random = later_draws(seed, 3);
  for (size_t i = 0; i < count; ++i) {
    RequestCase request{.from = random.pick(callers), .site = random.pick(called)};
    request.flow.destination = *lab.sites.at(request.site).inbound_ip_address;
    request.flow.destination_port = random.pick(kPorts);
    request.flow.source_port = static_cast<uint16_t>(first_source_port(seed) + i);
    requests.push_back(std::move(request));
  }
  return requests;
}

std::string to_text(const RequestCase& request) {
  return fmt::format("{} tcp://{}:{} from port {}", request.from,
                     request.flow.destination.to_string(), request.flow.destination_port,
                     request.flow.source_port);
}

}  // namespace egress::oracle
