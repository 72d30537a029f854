// SPDX-License-Identifier: MIT
#include "kernel/rtnl/codec.hpp"

#include <arpa/inet.h>
#include <linux/if_addr.h>
#include <linux/neighbour.h>
#include <linux/net_namespace.h>
#include <linux/netconf.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "base/special_ranges.hpp"
#include "state/routing_tables.hpp"

namespace egress::kernel {
namespace {

// A message's fixed header and the attributes behind it.
template <typename Header, int kLast>
struct Attributes : NlAttributes<kLast> {
  explicit Attributes(const nlmsghdr& message)
      : NlAttributes<kLast>(message, sizeof(Header)),
        header(*static_cast<const Header*>(NLMSG_DATA(&message))) {}
  Header header;
};

std::string name_of(const LinkNames& links, int index) {
  const auto found = links.find(index);
  return found == links.end() ? std::string() : found->second;
}

NlMessage address_request(int type, int flags, const state::Address& address, int link_index) {
  ifaddrmsg header{};
  header.ifa_family = AF_INET;
  header.ifa_prefixlen = address.prefix_length;
  header.ifa_scope = RT_SCOPE_UNIVERSE;
  header.ifa_index = static_cast<uint32_t>(link_index);
  NlMessage message(type, flags, header);
  message.put_address(IFA_LOCAL, address.address);
  message.put_address(IFA_ADDRESS, address.address);
  return message;
}

NlMessage neighbour_request(int type, int flags, const state::Neighbour& neighbour, int link_index,
                            uint16_t state) {
  ndmsg header{};
  header.ndm_family = AF_INET;
  header.ndm_ifindex = link_index;
  header.ndm_state = state;
  NlMessage message(type, flags, header);
  message.put_address(NDA_DST, neighbour.address);
  return message;
}

}  // namespace

NlMessage list_addresses() {
  ifaddrmsg header{};
  header.ifa_family = AF_INET;
  return NlMessage(RTM_GETADDR, 0, header);
}

std::optional<Decoded<state::Address>> decode_address(const nlmsghdr& message,
                                                      const LinkNames& links) {
  if (message.nlmsg_type != RTM_NEWADDR) return std::nullopt;
  const Attributes<ifaddrmsg, IFA_MAX> attributes(message);
  if (!attributes.has(IFA_LOCAL)) return std::nullopt;
  // A point-to-point address names its far end in IFA_ADDRESS; ours have none.
  const Ipv4Address local = attributes.address(IFA_LOCAL);
  const Ipv4Address far = attributes.has(IFA_ADDRESS) ? attributes.address(IFA_ADDRESS) : local;
  Decoded<state::Address> decoded{
      .value = {.link = name_of(links, static_cast<int>(attributes.header.ifa_index)),
                .address = far,
                .prefix_length = attributes.header.ifa_prefixlen}};
  // All but the first of a prefix are secondary, and complete all the same.
  const uint32_t flags = attributes.u32(IFA_FLAGS, attributes.header.ifa_flags);
  decoded.value.complete = far == local && (flags & IFA_F_PERMANENT) != 0;
  if (far != local) decoded.removal.emplace(message, RTM_DELADDR);
  if (decoded.value.link == "lo" && kLoopback.contains(local)) return std::nullopt;
  return decoded;
}

NlMessage set_address(const state::Address& address, int link_index, int flags) {
  return address_request(RTM_NEWADDR, NLM_F_CREATE | flags, address, link_index);
}

NlMessage delete_address(const state::Address& address, int link_index) {
  return address_request(RTM_DELADDR, 0, address, link_index);
}

std::vector<RouteOfAddress> routes_of(const state::Address& address) {
  std::vector<RouteOfAddress> routes{
      {RT_TABLE_LOCAL, Ipv4Prefix::host(address.address), address.link}};
  if (address.prefix_length == 32) return routes;
  Ipv4Prefix prefix{address.address, address.prefix_length};
  prefix.address.bits &= prefix.mask();
  routes.push_back({RT_TABLE_MAIN, prefix, address.link});
  return routes;
}

NlMessage set_route_of_address(const RouteOfAddress& route, Ipv4Address address, int link_index) {
  const bool is_local = route.table == RT_TABLE_LOCAL;
  rtmsg header{};
  header.rtm_family = AF_INET;
  header.rtm_dst_len = route.destination.length;
  header.rtm_table = RT_TABLE_UNSPEC;
  header.rtm_protocol = RTPROT_KERNEL;
  header.rtm_type = is_local ? RTN_LOCAL : RTN_UNICAST;
  header.rtm_scope = is_local ? RT_SCOPE_HOST : RT_SCOPE_LINK;
  NlMessage message(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_APPEND, header);
  message.put_u32(RTA_TABLE, route.table);
  message.put_address(RTA_DST, route.destination.address);
  message.put_u32(RTA_OIF, static_cast<uint32_t>(link_index));
  message.put_address(RTA_PREFSRC, address);
  return message;
}

std::optional<RouteOfAddress> decode_route_of_address(const nlmsghdr& message,
                                                      const LinkNames& links) {
  if (message.nlmsg_type != RTM_NEWROUTE) return std::nullopt;
  const Attributes<rtmsg, RTA_MAX> attributes(message);
  const rtmsg& header = attributes.header;
  const uint32_t table = attributes.u32(RTA_TABLE, header.rtm_table);
  const int type = table == RT_TABLE_LOCAL ? RTN_LOCAL : RTN_UNICAST;
  if (header.rtm_protocol != RTPROT_KERNEL || header.rtm_type != type) return std::nullopt;
  return RouteOfAddress{table,
                        {attributes.address(RTA_DST), header.rtm_dst_len},
                        name_of(links, static_cast<int>(attributes.u32(RTA_OIF)))};
}

NlMessage list_neighbours() {
  ndmsg header{};
  header.ndm_family = AF_INET;
  return NlMessage(RTM_GETNEIGH, 0, header);
}

NlMessage get_neighbour(const state::Neighbour& neighbour, int link_index) {
  return neighbour_request(RTM_GETNEIGH, 0, neighbour, link_index, 0);
}

std::optional<state::Neighbour> decode_neighbour(const nlmsghdr& message, const LinkNames& links) {
  if (message.nlmsg_type != RTM_NEWNEIGH) return std::nullopt;
  const Attributes<ndmsg, NDA_MAX> attributes(message);
  if ((attributes.header.ndm_state & NUD_PERMANENT) == 0 || !attributes.has(NDA_DST)) {
    return std::nullopt;
  }
  state::Neighbour neighbour{.link = name_of(links, attributes.header.ndm_ifindex),
                             .address = attributes.address(NDA_DST)};
  if (const nlattr* mac = attributes[NDA_LLADDR];
      mac != nullptr && static_cast<size_t>(nla_len(mac)) == neighbour.mac.octets.size()) {
    std::memcpy(neighbour.mac.octets.data(), nla_data(mac), neighbour.mac.octets.size());
  }
  return neighbour;
}

NlMessage set_neighbour(const state::Neighbour& neighbour, int link_index, int flags) {
  NlMessage message =
      neighbour_request(RTM_NEWNEIGH, NLM_F_CREATE | flags, neighbour, link_index, NUD_PERMANENT);
  message.put(NDA_LLADDR, neighbour.mac.octets.data(), neighbour.mac.octets.size());
  return message;
}

NlMessage delete_neighbour(const state::Neighbour& neighbour, int link_index) {
  return neighbour_request(RTM_DELNEIGH, 0, neighbour, link_index, NUD_PERMANENT);
}

NlMessage list_routes() {
  rtmsg header{};
  header.rtm_family = AF_INET;
  return NlMessage(RTM_GETROUTE, 0, header);
}

NlMessage list_routes(uint32_t table) {
  NlMessage message = list_routes();
  message.put_u32(RTA_TABLE, table);
  return message;
}

namespace {

std::optional<state::RouteKind> kind_of(uint8_t type) {
  switch (type) {
    case RTN_UNICAST: return state::RouteKind::kUnicast;
    case RTN_BLACKHOLE: return state::RouteKind::kBlackhole;
    case RTN_THROW: return state::RouteKind::kThrow;
    case RTN_LOCAL: return state::RouteKind::kLocal;
    default: return std::nullopt;
  }
}

uint8_t type_of(state::RouteKind kind) {
  switch (kind) {
    case state::RouteKind::kUnicast: return RTN_UNICAST;
    case state::RouteKind::kBlackhole: return RTN_BLACKHOLE;
    case state::RouteKind::kThrow: return RTN_THROW;
    case state::RouteKind::kLocal: return RTN_LOCAL;
  }
  return RTN_UNSPEC;
}

uint8_t scope_of(const state::Route& route) {
  switch (route.kind) {
    case state::RouteKind::kUnicast: return route.gateway ? RT_SCOPE_UNIVERSE : RT_SCOPE_LINK;
    case state::RouteKind::kLocal: return RT_SCOPE_HOST;
    case state::RouteKind::kBlackhole:
    case state::RouteKind::kThrow: break;
  }
  return RT_SCOPE_UNIVERSE;
}

// False when there are metrics besides the MTU, or a locked one.
bool decode_metrics(nlattr* nest, uint32_t& mtu) {
  if (nest == nullptr) return true;
  const NlAttributes<RTAX_MAX> metrics(nest);
  mtu = metrics.u32(RTAX_MTU);
  for (int i = 1; i <= RTAX_MAX; ++i) {
    if (i != RTAX_MTU && metrics.has(i)) return false;
  }
  return true;
}

bool is_ours(uint8_t protocol) {
  return protocol == static_cast<uint8_t>(state::RouteProtocol::kBoot) ||
         protocol == static_cast<uint8_t>(state::RouteProtocol::kStatic);
}

// The kernel tells routes under one key apart by type of service and metric; 0 means any metric.
NlMessage delete_route(const rtmsg& listed, const state::RouteKey& key, uint32_t metric) {
  rtmsg header{};
  header.rtm_family = AF_INET;
  header.rtm_tos = listed.rtm_tos;
  header.rtm_dst_len = key.destination.length;
  header.rtm_scope = RT_SCOPE_NOWHERE;
  NlMessage message(RTM_DELROUTE, 0, header);
  message.put_u32(RTA_TABLE, key.table);
  message.put_address(RTA_DST, key.destination.address);
  if (metric != 0) message.put_u32(RTA_PRIORITY, metric);
  return message;
}

bool is_learned(const rtmsg& header, uint32_t table) {
  return header.rtm_protocol == RTPROT_BIRD && table >= state::kFirstLearnedTable &&
         table <= state::kLastLearnedTable;
}

}  // namespace

std::optional<std::pair<uint32_t, LearnedPrefix>> decode_learned_route(const nlmsghdr& message) {
  if (message.nlmsg_type != RTM_NEWROUTE) return std::nullopt;
  const Attributes<rtmsg, RTA_MAX> attributes(message);
  const rtmsg& header = attributes.header;
  const uint32_t table = attributes.u32(RTA_TABLE, header.rtm_table);
  if (!is_learned(header, table)) return std::nullopt;
  LearnedPrefix learned{.prefix = {attributes.address(RTA_DST), header.rtm_dst_len}};
  if (nlattr* const nest = attributes[RTA_METRICS]; nest != nullptr) {
    learned.as_path_length =
        NlAttributes<RTAX_MAX>(nest).u32(RTAX_HOPLIMIT, learned.as_path_length);
  }
  return std::pair(table, learned);
}

std::optional<Decoded<state::Route>> decode_route(const nlmsghdr& message, const LinkNames& links) {
  if (message.nlmsg_type != RTM_NEWROUTE) return std::nullopt;
  const Attributes<rtmsg, RTA_MAX> attributes(message);
  const rtmsg& header = attributes.header;
  const uint32_t table = attributes.u32(RTA_TABLE, header.rtm_table);
  if (header.rtm_protocol == RTPROT_KERNEL || (header.rtm_flags & RTM_F_CLONED) != 0 ||
      is_learned(header, table)) {
    return std::nullopt;
  }
  Decoded<state::Route> decoded;
  state::Route& route = decoded.value;
  route.table = table;
  route.destination = {attributes.address(RTA_DST), header.rtm_dst_len};
  const auto kind = kind_of(header.rtm_type);
  if (!kind || !is_ours(header.rtm_protocol) || header.rtm_tos != 0 ||
      !has_only(message, sizeof(rtmsg),
                {RTA_TABLE, RTA_DST, RTA_OIF, RTA_GATEWAY, RTA_PREFSRC, RTA_METRICS}) ||
      !decode_metrics(attributes[RTA_METRICS], route.mtu)) {
    route.mtu = 0;
    decoded.removal = delete_route(header, state::key_of(route), attributes.u32(RTA_PRIORITY));
    return decoded;
  }
  route.kind = *kind;
  route.protocol = static_cast<state::RouteProtocol>(header.rtm_protocol);
  route.onlink = (header.rtm_flags & RTNH_F_ONLINK) != 0;
  if (leads_to_link(route.kind)) {
    route.link = name_of(links, static_cast<int>(attributes.u32(RTA_OIF)));
  }
  if (attributes.has(RTA_GATEWAY)) route.gateway = attributes.address(RTA_GATEWAY);
  if (attributes.has(RTA_PREFSRC)) route.source = attributes.address(RTA_PREFSRC);
  return decoded;
}

NlMessage set_route(const state::Route& route, int link_index, int flags) {
  rtmsg header{};
  header.rtm_family = AF_INET;
  header.rtm_dst_len = route.destination.length;
  header.rtm_table = RT_TABLE_UNSPEC;
  header.rtm_protocol = static_cast<uint8_t>(route.protocol);
  header.rtm_type = type_of(route.kind);
  header.rtm_scope = scope_of(route);
  if (route.onlink) header.rtm_flags = RTNH_F_ONLINK;

  NlMessage message(RTM_NEWROUTE, NLM_F_CREATE | flags, header);
  message.put_u32(RTA_TABLE, route.table);
  message.put_address(RTA_DST, route.destination.address);
  if (link_index != 0) message.put_u32(RTA_OIF, static_cast<uint32_t>(link_index));
  if (route.gateway) message.put_address(RTA_GATEWAY, *route.gateway);
  if (route.source) message.put_address(RTA_PREFSRC, *route.source);
  if (route.mtu != 0) {
    nlattr* metrics = message.open_nest(RTA_METRICS);
    message.put_u32(RTAX_MTU, route.mtu);
    message.close_nest(metrics);
  }
  return message;
}

NlMessage delete_route(const state::RouteKey& key) {
  return delete_route(rtmsg{}, key, 0);
}

NlMessage get_all_rp_filter() {
  netconfmsg header{};
  header.ncm_family = AF_INET;
  NlMessage message(RTM_GETNETCONF, 0, header);
  message.put_u32(NETCONFA_IFINDEX, static_cast<uint32_t>(NETCONFA_IFINDEX_ALL));
  return message;
}

std::optional<uint32_t> decode_rp_filter(const nlmsghdr& message) {
  if (message.nlmsg_type != RTM_NEWNETCONF) return std::nullopt;
  const Attributes<netconfmsg, NETCONFA_MAX> attributes(message);
  if (!attributes.has(NETCONFA_RP_FILTER)) return std::nullopt;
  return attributes.u32(NETCONFA_RP_FILTER);
}

NlMessage get_nsid(int netns_fd) {
  NlMessage message(RTM_GETNSID, 0, rtgenmsg{AF_UNSPEC});
  message.put_u32(NETNSA_FD, static_cast<uint32_t>(netns_fd));
  return message;
}

std::optional<int> decode_nsid(const nlmsghdr& message) {
  if (message.nlmsg_type != RTM_NEWNSID) return std::nullopt;
  const Attributes<rtgenmsg, NETNSA_MAX> attributes(message);
  const int nsid = static_cast<int>(attributes.u32(NETNSA_NSID));
  if (!attributes.has(NETNSA_NSID) || nsid < 0) return std::nullopt;
  return nsid;
}

}  // namespace egress::kernel
