// SPDX-License-Identifier: MIT
#pragma once

// Values and checks that the tests of the kernel contract share.

#include <string>
#include <vector>

#include "state/ops.hpp"
#include "tests/support/expect_ok.hpp"
#include "tests/support/values.hpp"

namespace egress::testing_support {

// Two connected ends, both down.
inline state::LinkPair pair_of(const state::LinkPeer& here, const state::LinkPeer& there) {
  return {{.name = here.name, .peer = there, .mac = {{2, 0, 0, 0, 0, 1}}, .up = false},
          {.name = there.name, .peer = here, .mac = {{2, 0, 0, 0, 0, 2}}, .up = false}};
}
// The pair of KernelContract::make_two_connected().
inline state::LinkPair connecting_pair() {
  return pair_of({"eg-a", "x0"}, {"eg-b", "y0"});
}

// Down.
inline state::LinkPair tun_of(const std::string& name) {
  return {
      .here = {.name = name, .kind = state::LinkKind::kTun, .up = false, .tx_queue_length = 4096}};
}

inline state::Link up(state::Link link) {
  link.up = true;
  return link;
}

inline state::Route on_link(const char* destination, uint32_t table = 254) {
  return {.table = table, .destination = prefix(destination), .link = "x0"};
}
inline state::Route via(const char* destination, const char* gateway, uint32_t table = 254) {
  state::Route route = on_link(destination, table);
  route.gateway = ip(gateway);
  return route;
}

inline std::vector<state::Route> routes_of(const state::NetnsState& netns) {
  std::vector<state::Route> routes;
  for (const auto& [key, route] : netns.routes) routes.push_back(route);
  return routes;
}

// kBug, which no kernel answers, stands for success.
inline Errc code_of(const Status& status) {
  return status.ok() ? Errc::kBug : status.error().code;
}

}  // namespace egress::testing_support
