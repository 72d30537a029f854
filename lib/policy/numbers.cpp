// SPDX-License-Identifier: MIT
#include "policy/numbers.hpp"

#include "policy/endpoints.hpp"
#include "policy/private_ports.hpp"

namespace egress::policy {

NumberBook numbers(const Situation& situation) {
  NumberBook book;
  number_private_ports(situation.lab, situation.numbers, book);
  number_endpoints(situation.lab, situation.numbers, book);
  return book;
}

}  // namespace egress::policy
