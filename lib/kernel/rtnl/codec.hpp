// SPDX-License-Identifier: MIT
#pragma once

// Addresses, neighbours, routes and policy rules as rtnetlink messages, both directions and every
// field. A listed object may hold more than its value can tell (a metric, a port range): then it is
// none of ours. Its value is one that nobody desires, so that it shows as drift, and `removal` is
// the request that deletes it and nothing else.

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/learned_prefix.hpp"
#include "kernel/netlink.hpp"
#include "state/kernel_state.hpp"

namespace egress::kernel {

using LinkNames = std::map<int, std::string>;  // by index, of one namespace

template <typename T>
struct Decoded {
  T value{};
  std::optional<NlMessage> removal{};
};

NlMessage list_addresses();
// Nothing for the loopback's own addresses.
std::optional<Decoded<state::Address>> decode_address(const nlmsghdr& message,
                                                      const LinkNames& links);
// `flags`: NLM_F_EXCL to add, NLM_F_REPLACE to let one that is there stay for good; both create.
NlMessage set_address(const state::Address& address, int link_index, int flags);
NlMessage delete_address(const state::Address& address, int link_index);

// A route that the kernel keeps for an address, and removes with it.
struct RouteOfAddress {
  uint32_t table = 0;
  Ipv4Prefix destination{};
  std::string link{};
  auto operator<=>(const RouteOfAddress&) const = default;
};
// Of a link that is up: table local's, and that of its prefix.
std::vector<RouteOfAddress> routes_of(const state::Address& address);
// Beside those that are there, as the kernel itself adds them.
NlMessage set_route_of_address(const RouteOfAddress& route, Ipv4Address address, int link_index);
std::optional<RouteOfAddress> decode_route_of_address(const nlmsghdr& message,
                                                      const LinkNames& links);

NlMessage list_neighbours();
NlMessage get_neighbour(const state::Neighbour& neighbour, int link_index);
// Nothing for what the kernel learnt by itself.
std::optional<state::Neighbour> decode_neighbour(const nlmsghdr& message, const LinkNames& links);
// `flags`: NLM_F_EXCL to add, NLM_F_REPLACE to change; both create.
NlMessage set_neighbour(const state::Neighbour& neighbour, int link_index, int flags);
NlMessage delete_neighbour(const state::Neighbour& neighbour, int link_index);

NlMessage list_routes();
NlMessage list_routes(uint32_t table);
// Nothing for what the kernel keeps by itself, routes with protocol kernel, and for what a speaker
// has learned.
std::optional<Decoded<state::Route>> decode_route(const nlmsghdr& message, const LinkNames& links);
// What a speaker has learned (state/routing_tables.hpp), by its routing table; nothing for all
// else. How long the path is, is in the hop limit.
std::optional<std::pair<uint32_t, LearnedPrefix>> decode_learned_route(const nlmsghdr& message);
// `flags` as for neighbours. `link_index` is 0 for routes without a link.
NlMessage set_route(const state::Route& route, int link_index, int flags);
// Whatever stands under the key.
NlMessage delete_route(const state::RouteKey& key);

NlMessage list_rules();
std::optional<Decoded<state::Rule>> decode_rule(const nlmsghdr& message);
NlMessage add_rule(const state::Rule& rule);
NlMessage delete_rule(const state::Rule& rule);

// The namespace's net.ipv4.conf.all.rp_filter, without a walk through /proc/sys.
NlMessage get_all_rp_filter();
std::optional<uint32_t> decode_rp_filter(const nlmsghdr& message);

// The id by which a socket's namespace knows another one; nothing when it does not know it.
NlMessage get_nsid(int netns_fd);
std::optional<int> decode_nsid(const nlmsghdr& message);

}  // namespace egress::kernel
