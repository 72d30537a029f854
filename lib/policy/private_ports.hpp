// SPDX-License-Identifier: MIT
#pragma once

// What comes to an integration by its network, which refuses all else (contract "Decided" 10): what
// the plan's other instances send to private ports (azure-facts 9.3), and health probes of the
// platform (9.5).

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "policy/network.hpp"

namespace egress::policy {

inline constexpr uint16_t kFirstPrivatePort = 20000;
inline constexpr uint16_t kLastPrivatePort = 29999;
inline constexpr uint16_t kHealthProbePort = 30000;  // UDP

// Of the integrated sites of a plan that want some, the same on every instance; what has a port in
// `held` keeps it. The loader lets no plan want more than there are.
lab::Named<std::vector<uint16_t>> private_ports(const lab::Lab& lab, const std::string& server_farm,
                                                const NumberBook& held = {});
// Adds them to a book.
void number_private_ports(const lab::Lab& lab, const NumberBook& held, NumberBook& book);

bool is_health_probe(const Packet& packet);

// Whose port it is, TCP or UDP, at this integration, as name_of() tells it; its own program
// answers.
std::optional<std::string> app_of_private_port(const Network& network, const Interface& integration,
                                               const Packet& packet);

// Whether it comes from another instance of the integration's plan, in the same subnet of the same
// network: nothing but the address tells a network who sends.
bool is_from_another_instance(const Network& network, const Interface& integration,
                              Ipv4Address source);

}  // namespace egress::policy
