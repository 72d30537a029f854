// SPDX-License-Identifier: MIT
#include "policy/private_ports.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/slots.hpp"

namespace egress::policy {
namespace {

std::string key_of(const std::string& site, int number) {
  return fmt::format("{}/{}", site, number);
}

}  // namespace

lab::Named<std::vector<uint16_t>> private_ports(const lab::Lab& lab,
                                                const std::string& server_farm) {
  const auto wants_some = [&](const lab::Site& site) {
    return site.server_farm == server_farm && site.virtual_network_subnet.has_value();
  };
  std::set<std::string> keys;
  for (const auto& [name, site] : lab.sites) {
    if (!wants_some(site)) continue;
    for (int i = 0; i < site.vnet_private_ports_count; ++i) keys.insert(key_of(name, i));
  }
  const auto numbers = probed(keys, kLastPrivatePort - kFirstPrivatePort + 1);
  lab::Named<std::vector<uint16_t>> ports;
  for (const auto& [name, site] : lab.sites) {
    if (!wants_some(site)) continue;
    for (int i = 0; i < site.vnet_private_ports_count; ++i) {
      const uint64_t port = kFirstPrivatePort + numbers.at(key_of(name, i));
      ports[name].push_back(static_cast<uint16_t>(port));
    }
  }
  return ports;
}

bool is_health_probe(const Packet& packet) {
  return packet.protocol == number_of(Protocol::kUdp) &&
         packet.destination_port == kHealthProbePort;
}

std::optional<Sender> app_of_private_port(const Network& network, const Interface& integration,
                                          const Packet& packet) {
  if (!has_ports(packet.protocol)) return std::nullopt;
  const lab::Integration& its = *integration.integration;
  for (const auto& [name, site] : network.sites) {
    if (site.subnet != integration.subnet) continue;
    if (site.declared->server_farm != its.server_farm) continue;
    const auto& ports = site.private_ports;
    if (std::find(ports.begin(), ports.end(), packet.destination_port) == ports.end()) continue;
    return Sender{.site = name, .instance = its.instance};
  }
  return std::nullopt;
}

bool is_from_another_instance(const Network& network, const Interface& integration,
                              Ipv4Address source) {
  const Index sender = network.owner(integration.vnet, source);
  if (sender == kNowhere) return false;
  const Interface& from = network.interfaces[sender];
  return from.kind == InterfaceKind::kIntegration && from.subnet == integration.subnet &&
         from.integration->server_farm == integration.integration->server_farm &&
         from.integration->instance != integration.integration->instance;
}

}  // namespace egress::policy
