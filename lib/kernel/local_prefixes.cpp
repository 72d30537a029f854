// SPDX-License-Identifier: MIT
#include "kernel/local_prefixes.hpp"

#include "kernel/netlink.hpp"
#include "kernel/rtnl/codec.hpp"
#include "state/routing_tables.hpp"

namespace egress::kernel {

Result<std::vector<Ipv4Prefix>> local_prefixes() {
  ASSIGN_OR_RETURN(NetlinkSocket socket, NetlinkSocket::open(NETLINK_ROUTE));
  std::vector<Ipv4Prefix> prefixes;
  RETURN_IF_ERROR(socket.dump(list_routes(state::kLocalTable), [&](const nlmsghdr& reply) {
    const auto route = decode_route(reply, {});
    if (route && route->value.kind == state::RouteKind::kLocal) {
      prefixes.push_back(route->value.destination);
    }
  }));
  return prefixes;
}

}  // namespace egress::kernel
