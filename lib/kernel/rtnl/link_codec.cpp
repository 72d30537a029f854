// SPDX-License-Identifier: MIT
#include "kernel/rtnl/link_codec.hpp"

#include <linux/if.h>
#include <linux/if_arp.h>
#include <linux/if_link.h>
#include <linux/if_tun.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <netlink/attr.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <string_view>

namespace egress::kernel {
namespace {

constexpr const char* kVeth = "veth";
constexpr const char* kTun = "tun";
constexpr uint32_t kQueues = 1;
constexpr int kLoopbackIndex = 1;
// Below this the kernel takes IPv6 off a link, and IPv6 settings with it.
constexpr uint32_t kIpv6LeastMtu = 1280;

bool is_fallback_device(std::string_view name) {
  static constexpr std::array<std::string_view, 9> kNames = {
      "tunl0", "gre0", "gretap0", "erspan0", "ip_vti0", "ip6_vti0", "sit0", "ip6tnl0", "ip6gre0"};
  return std::find(kNames.begin(), kNames.end(), name) != kNames.end();
}

bool kernel_has_ipv6() {
  static const bool has = access("/proc/sys/net/ipv6", F_OK) == 0;
  return has;
}

ifinfomsg link_header(int index = 0) {
  ifinfomsg header{};
  header.ifi_family = AF_UNSPEC;
  header.ifi_index = index;
  return header;
}

// Without statistics.
NlMessage link_question(int index = 0) {
  NlMessage message(RTM_GETLINK, 0, link_header(index));
  message.put_u32(IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
  return message;
}

ifinfomsg arp_header(const state::Link& link) {
  ifinfomsg header = link_header();
  if (link.kind != state::LinkKind::kVeth) return header;
  header.ifi_flags = link.arp ? 0 : IFF_NOARP;
  header.ifi_change = IFF_NOARP;
  return header;
}

NlMessage change_by_name(const state::Link& link, const ifinfomsg& header) {
  NlMessage message(RTM_NEWLINK, 0, header);
  message.put(IFLA_IFNAME, link.name);
  return message;
}

void put_identity(NlMessage& message, const state::Link& link) {
  message.put(IFLA_IFNAME, link.name);
  message.put(IFLA_ADDRESS, link.mac.octets.data(), link.mac.octets.size());
  message.put_u32(IFLA_MTU, link.mtu);
  message.put_u32(IFLA_NUM_TX_QUEUES, kQueues);
  message.put_u32(IFLA_NUM_RX_QUEUES, kQueues);
}

// An empty alias is an attribute without data, not an empty string.
void put_alias(NlMessage& message, const std::string& alias) {
  message.put(IFLA_IFALIAS, alias.data(), alias.size());
}

void put_ipv4_settings(NlMessage& message, const state::Link& link) {
  nlattr* family = message.open_nest(AF_INET);
  nlattr* conf = message.open_nest(IFLA_INET_CONF);
  message.put_u32(IPV4_DEVCONF_FORWARDING, link.forwarding ? 1 : 0);
  message.put_u32(IPV4_DEVCONF_RP_FILTER, link.rp_filter);
  message.put_u32(IPV4_DEVCONF_ACCEPT_LOCAL, link.accept_local ? 1 : 0);
  message.put_u32(IPV4_DEVCONF_ARPFILTER, link.arp_filter ? 1 : 0);
  message.close_nest(conf);
  message.close_nest(family);
}

void put_ipv6_settings(NlMessage& message, const state::Link& link) {
  nlattr* family = message.open_nest(AF_INET6);
  message.put_u8(IFLA_INET6_ADDR_GEN_MODE,
                 link.ipv6 ? IN6_ADDR_GEN_MODE_EUI64 : IN6_ADDR_GEN_MODE_NONE);
  message.close_nest(family);
}

uint32_t nth_of(const nlattr* settings, size_t place) {
  const auto count = static_cast<size_t>(nla_len(settings)) / sizeof(uint32_t);
  if (place >= count) return 0;
  uint32_t value = 0;
  std::memcpy(&value, static_cast<const char*>(nla_data(settings)) + place * sizeof(uint32_t),
              sizeof(value));
  return value;
}

// IFLA_INET_CONF in answers is an array by id, from 1 on, though in requests it is a nest.
uint32_t ipv4_setting(const nlattr* conf, size_t id) {
  return nth_of(conf, id - 1);
}

// `info` is IFLA_LINKINFO, which devices of no link type lack.
state::LinkKind decode_kind(nlattr* info) {
  if (info == nullptr) return state::LinkKind::kOther;
  const NlAttributes<IFLA_INFO_MAX> attributes(info);
  const std::string kind = attributes.text(IFLA_INFO_KIND);
  if (kind == kVeth) return state::LinkKind::kVeth;
  if (kind != kTun || !attributes.has(IFLA_INFO_DATA)) return state::LinkKind::kOther;
  const NlAttributes<IFLA_TUN_MAX> tun(attributes[IFLA_INFO_DATA]);
  const bool is_ours = tun.u8(IFLA_TUN_TYPE) == IFF_TUN && tun.u8(IFLA_TUN_PERSIST) != 0 &&
                       tun.u8(IFLA_TUN_MULTI_QUEUE) == 0;
  return is_ours ? state::LinkKind::kTun : state::LinkKind::kOther;
}

void decode_families(nlattr* families, ObservedLink& observed) {
  const NlAttributes<AF_INET6> family(families);
  if (family.has(AF_INET)) {
    const NlAttributes<IFLA_INET_MAX> inet(family[AF_INET]);
    if (const nlattr* conf = inet[IFLA_INET_CONF]) {
      observed.link.forwarding = ipv4_setting(conf, IPV4_DEVCONF_FORWARDING) != 0;
      observed.link.rp_filter = static_cast<uint8_t>(ipv4_setting(conf, IPV4_DEVCONF_RP_FILTER));
      observed.link.accept_local = ipv4_setting(conf, IPV4_DEVCONF_ACCEPT_LOCAL) != 0;
      observed.link.arp_filter = ipv4_setting(conf, IPV4_DEVCONF_ARPFILTER) != 0;
    }
  }
  if (family.has(AF_INET6)) {
    const NlAttributes<IFLA_INET6_MAX> inet6(family[AF_INET6]);
    if (nlattr* mode = inet6[IFLA_INET6_ADDR_GEN_MODE]) {
      observed.ipv6_settings = true;
      observed.link.ipv6 = nla_get_u8(mode) != IN6_ADDR_GEN_MODE_NONE;
    }
    if (const nlattr* conf = inet6[IFLA_INET6_CONF]) {
      observed.ipv6_settings = true;
      observed.link.ipv6 = observed.link.ipv6 || nth_of(conf, DEVCONF_DISABLE_IPV6) == 0;
    }
  }
}

}  // namespace

NlMessage list_links() {
  return link_question();
}

NlMessage get_link(const std::string& name) {
  NlMessage message = link_question();
  message.put(IFLA_IFNAME, name);
  return message;
}

NlMessage get_loopback() {
  return link_question(kLoopbackIndex);
}

NlMessage change_loopback_alias(const std::string& alias) {
  NlMessage message(RTM_SETLINK, 0, link_header(kLoopbackIndex));
  put_alias(message, alias);
  return message;
}

Result<std::string> loopback_alias(NetlinkSocket& socket) {
  ASSIGN_OR_RETURN(const auto loopback, socket.ask(get_loopback(), decode_link));
  return loopback ? loopback->loopback_alias : std::string();
}

std::optional<ObservedLink> decode_link(const nlmsghdr& message) {
  if (message.nlmsg_type != RTM_NEWLINK) return std::nullopt;
  const auto* header = static_cast<const ifinfomsg*>(NLMSG_DATA(&message));
  const NlAttributes<IFLA_MAX> attributes(message, sizeof(*header));
  if (attributes[IFLA_IFNAME] == nullptr) return std::nullopt;
  ObservedLink observed{.index = header->ifi_index};
  state::Link& link = observed.link;
  link.name = nla_get_string(attributes[IFLA_IFNAME]);
  link.up = (header->ifi_flags & IFF_UP) != 0;
  link.mtu = attributes.u32(IFLA_MTU, link.mtu);
  if ((header->ifi_flags & IFF_LOOPBACK) != 0) {
    link.kind = state::LinkKind::kLoopback;
    observed.loopback_alias = attributes.text(IFLA_IFALIAS);
    return observed;
  }
  if (is_fallback_device(link.name)) return std::nullopt;

  link.kind = decode_kind(attributes[IFLA_LINKINFO]);
  if (const nlattr* mac = attributes[IFLA_ADDRESS];
      mac != nullptr && static_cast<size_t>(nla_len(mac)) == link.mac.octets.size()) {
    std::memcpy(link.mac.octets.data(), nla_data(mac), link.mac.octets.size());
  }
  // A TUN has no use for it.
  link.arp = link.kind != state::LinkKind::kVeth || (header->ifi_flags & IFF_NOARP) == 0;
  link.alias = attributes.text(IFLA_IFALIAS);
  if (link.kind == state::LinkKind::kTun) link.tx_queue_length = attributes.u32(IFLA_TXQLEN);
  observed.peer_index = static_cast<int>(attributes.u32(IFLA_LINK));
  if (attributes.has(IFLA_LINK_NETNSID)) {
    observed.peer_nsid = static_cast<int>(attributes.u32(IFLA_LINK_NETNSID));
  }
  if (nlattr* families = attributes[IFLA_AF_SPEC]) decode_families(families, observed);
  return observed;
}

NlMessage create_pair(const state::LinkPair& pair, PairIndexes indexes, int peer_netns_fd) {
  NlMessage message(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, link_header(indexes.here));
  put_identity(message, pair.here);
  nlattr* info = message.open_nest(IFLA_LINKINFO);
  message.put(IFLA_INFO_KIND, std::string(kVeth));
  nlattr* data = message.open_nest(IFLA_INFO_DATA);
  nlattr* peer = message.open_nest(VETH_INFO_PEER);
  message.append(link_header(indexes.there));
  put_identity(message, pair.there);
  message.put_u32(IFLA_NET_NS_FD, static_cast<uint32_t>(peer_netns_fd));
  message.close_nest(peer);
  message.close_nest(data);
  message.close_nest(info);
  return message;
}

NlMessage delete_link(const std::string& name) {
  NlMessage message(RTM_DELLINK, 0, link_header());
  message.put(IFLA_IFNAME, name);
  return message;
}

NlMessage join_link_group(int index, uint32_t group) {
  NlMessage message(RTM_SETLINK, 0, link_header(index));
  message.put_u32(IFLA_GROUP, group);
  return message;
}

NlMessage delete_link_group(uint32_t group) {
  NlMessage message(RTM_DELLINK, 0, link_header());
  message.put_u32(IFLA_GROUP, group);
  return message;
}

NlMessage complete_settings(const state::Link& desired) {
  NlMessage message = change_by_name(desired, arp_header(desired));
  if (desired.kind == state::LinkKind::kTun) {
    message.put_u32(IFLA_MTU, desired.mtu);
    message.put_u32(IFLA_TXQLEN, desired.tx_queue_length);
  }
  if (!desired.alias.empty()) put_alias(message, desired.alias);
  nlattr* families = message.open_nest(IFLA_AF_SPEC);
  put_ipv4_settings(message, desired);
  if (kernel_has_ipv6() && desired.mtu >= kIpv6LeastMtu) put_ipv6_settings(message, desired);
  message.close_nest(families);
  return message;
}

std::optional<NlMessage> change_settings(const state::Link& desired, const ObservedLink& current) {
  const state::Link& link = current.link;
  const bool ipv4 = desired.forwarding != link.forwarding || desired.rp_filter != link.rp_filter ||
                    desired.accept_local != link.accept_local ||
                    desired.arp_filter != link.arp_filter;
  const bool ipv6 = desired.ipv6 != link.ipv6 && current.ipv6_settings;
  const bool queue = desired.tx_queue_length != link.tx_queue_length;
  const bool arp = desired.arp != link.arp;
  if (desired.mac == link.mac && desired.mtu == link.mtu && desired.alias == link.alias && !queue &&
      !ipv4 && !ipv6 && !arp) {
    return std::nullopt;
  }
  NlMessage message = change_by_name(desired, arp ? arp_header(desired) : link_header());
  if (desired.mac != link.mac) {
    message.put(IFLA_ADDRESS, desired.mac.octets.data(), desired.mac.octets.size());
  }
  if (desired.mtu != link.mtu) message.put_u32(IFLA_MTU, desired.mtu);
  if (queue) message.put_u32(IFLA_TXQLEN, desired.tx_queue_length);
  if (desired.alias != link.alias) put_alias(message, desired.alias);
  if (ipv4 || ipv6) {
    nlattr* families = message.open_nest(IFLA_AF_SPEC);
    if (ipv4) put_ipv4_settings(message, desired);
    if (ipv6) put_ipv6_settings(message, desired);
    message.close_nest(families);
  }
  return message;
}

NlMessage change_up(const state::Link& desired) {
  ifinfomsg header = link_header();
  header.ifi_flags = desired.up ? IFF_UP : 0;
  header.ifi_change = IFF_UP;
  return change_by_name(desired, header);
}

}  // namespace egress::kernel
