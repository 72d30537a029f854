// SPDX-License-Identifier: MIT
#pragma once

// What answers names in one namespace, in one of the roles of settings::DnsRole.

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "base/clock.hpp"
#include "dns/cache.hpp"
#include "dns/name_server.hpp"
#include "egress-dns/endpoint.hpp"
#include "egress-dns/tcp_endpoint.hpp"
#include "egress-dns/udp_endpoint.hpp"
#include "egress-dns/upstream.hpp"
#include "policy/names.hpp"
#include "settings/dns_settings_text.hpp"

namespace egress::resolver {

// The lab's names, as they are in force.
struct PublishedNames {
  policy::Names names{};
  std::map<std::string, uint32_t, std::less<>> view_of{};  // by virtual network
  Netns home{};  // where the real servers are that forward_to names; may be null
};

// What all services of the process share; it outlives them.
struct Surroundings {
  explicit Surroundings(uv::Loop& of) : loop(of) {}

  uv::Loop& loop;
  Clock clock{};
  LookupRoom room{};
  Datagrams datagrams{};
  std::shared_ptr<const PublishedNames> names{};  // null until they have been told
};

class Service {
 public:
  // Listens on the role's address.
  static Result<std::unique_ptr<Service>> open(Surroundings& surroundings, Netns netns,
                                               settings::DnsRole role);
  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;

  Ipv4Address address() const { return address_; }
  // Another role on the same address: no query is lost. Lookups that are under way end as they
  // began; what was kept is not given any more.
  void change(settings::DnsRole role);

 private:
  Service(Surroundings& surroundings, Netns netns, Ipv4Address address);
  void serve(std::span<const uint8_t> message, dns::Transport transport, const Answer& answer);
  policy::NameAnswer decide(const std::string& name, policy::RecordType type) const;
  void forward(dns::Forward forward, dns::Transport transport, const Answer& answer);
  void hand_on(const dns::Forward& forward, const dns::Reply& reply, dns::Transport transport,
               const Answer& answer);

  Surroundings& surroundings_;
  Netns netns_;
  Ipv4Address address_;
  settings::DnsRole role_{};
  dns::ServerRecords records_{};  // of a host's server
  dns::NameServer name_server_;
  std::optional<UdpEndpoint> udp_{};
  std::optional<TcpEndpoint> tcp_{};
  // Behind the endpoints, which its waiters answer by.
  std::shared_ptr<dns::Cache> cache_{};  // of this role; what an earlier one asked, goes to its own
  Upstream upstream_;
};

Ipv4Address address_of(const settings::DnsRole& role);

}  // namespace egress::resolver
