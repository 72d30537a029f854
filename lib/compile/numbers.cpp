// SPDX-License-Identifier: MIT
#include "compile/numbers.hpp"

#include "compile/connections.hpp"
#include "compile/data_path.hpp"
#include "compile/inside_addresses.hpp"
#include "compile/integrations.hpp"
#include "compile/speakers.hpp"
#include "compile/worker.hpp"
#include "policy/numbers.hpp"

namespace egress::compile {

Result<NumberBook> numbers(const policy::Situation& situation) {
  NumberBook book = policy::numbers(situation);
  number_integrations(situation, book);
  RETURN_IF_ERROR(number_apps(situation, book));
  RETURN_IF_ERROR(number_port_blocks(situation, book));
  RETURN_IF_ERROR(number_inside_addresses(situation, book));
  RETURN_IF_ERROR(number_virtual_networks(situation, book));
  RETURN_IF_ERROR(number_ways(situation, book));
  RETURN_IF_ERROR(number_sessions(situation, book));
  RETURN_IF_ERROR(number_connections(situation, book));
  std::erase_if(book, [](const auto& each) { return each.second.empty(); });
  return book;
}

}  // namespace egress::compile
