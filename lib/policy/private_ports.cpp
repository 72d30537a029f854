// SPDX-License-Identifier: MIT
#include "policy/private_ports.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace egress::policy {
namespace {

std::string key_of(const std::string& site, int number) {
  return fmt::format("{}/{}", site, number);
}

std::string book_of(const std::string& server_farm) {
  return "private ports/" + server_farm;
}

int count_of(const lab::Site& site, const std::string& server_farm) {
  const bool has_some = site.server_farm == server_farm && site.virtual_network_subnet.has_value();
  return has_some ? site.vnet_private_ports_count : 0;
}

Numbers numbers_of(const lab::Lab& lab, const std::string& server_farm, const NumberBook& held) {
  std::vector<std::string> keys;
  for (const auto& [name, site] : lab.sites) {
    for (int i = 0; i < count_of(site, server_farm); ++i) keys.push_back(key_of(name, i));
  }
  return assign_slots(fmt::format("private ports in plan '{}'", server_farm), keys,
                      kFirstPrivatePort, kLastPrivatePort, numbers_in(held, book_of(server_farm)))
      .value();
}

}  // namespace

lab::Named<std::vector<uint16_t>> private_ports(const lab::Lab& lab, const std::string& server_farm,
                                                const NumberBook& held) {
  const Numbers numbers = numbers_of(lab, server_farm, held);
  lab::Named<std::vector<uint16_t>> ports;
  for (const auto& [name, site] : lab.sites) {
    for (int i = 0; i < count_of(site, server_farm); ++i) {
      ports[name].push_back(static_cast<uint16_t>(numbers.at(key_of(name, i))));
    }
  }
  return ports;
}

void number_private_ports(const lab::Lab& lab, const NumberBook& held, NumberBook& book) {
  for (const auto& [name, farm] : lab.server_farms) {
    Numbers numbers = numbers_of(lab, name, held);
    if (!numbers.empty()) book[book_of(name)] = std::move(numbers);
  }
}

bool is_health_probe(const Packet& packet) {
  return packet.protocol == number_of(Protocol::kUdp) &&
         packet.destination_port == kHealthProbePort;
}

std::optional<std::string> app_of_private_port(const Network& network, const Interface& integration,
                                               const Packet& packet) {
  if (!has_ports(packet.protocol)) return std::nullopt;
  const lab::Integration& its = *integration.integration;
  for (const auto& [name, site] : network.sites) {
    if (site.subnet != integration.subnet) continue;
    if (site.declared->server_farm != its.server_farm) continue;
    const auto& ports = site.private_ports;
    if (std::find(ports.begin(), ports.end(), packet.destination_port) == ports.end()) continue;
    return name_of({.site = name, .instance = its.instance},
                   network.workers.at({its.server_farm, its.instance, its.incarnation}));
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
         *from.integration != *integration.integration;
}

}  // namespace egress::policy
