// SPDX-License-Identifier: MIT
#pragma once

// Subscriptions of random labs, whose offers decide who may send mail.

#include "tests/oracle/generator.hpp"

namespace egress::oracle {

// To a lab in which nobody names one.
void add_subscriptions(lab::Lab& lab, Random& random);
// One network, or the lab, belongs to another.
void change_subscriptions(lab::Lab& lab, Random& random);

// Ports that are refused somewhere, and their neighbours.
inline constexpr uint16_t kSmtp = 25;
inline constexpr uint16_t kOddPorts[] = {kSmtp, kSmtp, kSmtp, 26, 136, 137, 138, 139, 140, 445};

}  // namespace egress::oracle
