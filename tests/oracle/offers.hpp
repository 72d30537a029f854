// SPDX-License-Identifier: MIT
#pragma once

// What random labs have of App Service and of their subscriptions beside machines: outbound
// addresses of plans, and offers, which decide who may send mail.

#include "tests/oracle/generator.hpp"

namespace egress::oracle {

// Of each plan anew, often none; plans may share them with each other and with the lab.
void draw_outbound_addresses(lab::Lab& lab, Random& random);
// To a lab in which nobody names one.
void add_subscriptions(lab::Lab& lab, Random& random);
// One network, or the lab, belongs to another.
void change_subscriptions(lab::Lab& lab, Random& random);

// Ports that are refused somewhere, and their neighbours.
inline constexpr uint16_t kSmtp = 25;
inline constexpr uint16_t kOddPorts[] = {kSmtp, kSmtp, kSmtp, 26, 136, 137, 138, 139, 140, 445};

}  // namespace egress::oracle
