// SPDX-License-Identifier: MIT
#pragma once

// Kernel objects as plain data: the same types for what we want (desired) and what is there
// (observed). No lab words and no system headers. Ownership: a network namespace is ours by the
// mark inside it (netns_mark.hpp) and never by its name; only such ones are observed. Everything
// inside is ours too, except what the kernel itself puts there (routes with protocol kernel, the
// loopback's own addresses). The mark is no part of these values: without it there is nothing to
// tell of a namespace here, and foreign_netns.hpp tells of the name.

#include <array>
#include <compare>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "base/copy_on_write.hpp"
#include "base/ip.hpp"
#include "state/nft_table.hpp"

namespace egress::state {

struct MacAddress {
  std::array<uint8_t, 6> octets{};
  auto operator<=>(const MacAddress&) const = default;
  std::string to_string() const;
};

// The other end of a veth pair; a TUN has none.
struct LinkPeer {
  std::string netns{};
  std::string name{};
  auto operator<=>(const LinkPeer&) const = default;
};

// kOther is only observed: nobody asks for one, and a pass removes it.
enum class LinkKind { kVeth, kTun, kLoopback, kOther };

// Of a router's port: what the programs of the flow cache, which it has then, may remember. Of a
// namespace with connection tracking what that knows, without it all; its ports are all alike.
enum class FlowCache { kNone, kTracked, kAll };

// A loopback has no peer, no MAC and no alias. A TUN is one without packet information, with
// virtio's header, one queue and no owner, which stays when nobody holds its queue; it has no peer
// and no MAC.
struct Link {
  std::string name{};
  LinkKind kind = LinkKind::kVeth;
  LinkPeer peer{};
  MacAddress mac{};
  uint32_t mtu = 1500;
  bool up = true;
  bool forwarding = false;    // net.ipv4.conf.<link>.forwarding
  uint8_t rp_filter = 0;      // net.ipv4.conf.<link>.rp_filter
  bool accept_local = false;  // net.ipv4.conf.<link>.accept_local
  // net.ipv4.conf.<link>.arp_filter: questions of who could not be answered by it are not answered,
  // and so nobody fills the machine's one table of neighbours with senders that are not there.
  bool arp_filter = true;
  bool arp = true;  // of a veth: false is NOARP, so that all its neighbours are given
  // A link-local address of its own; false is disable_ipv6 and addr_gen_mode none.
  bool ipv6 = false;
  std::string alias{};  // IFLA_IFALIAS: whose interface this is, for people
  // Of a TUN: how many packets wait for whoever holds its queue. 0 of others, which are not asked.
  uint32_t tx_queue_length = 0;
  FlowCache flow_cache = FlowCache::kNone;
  std::string qdisc{};  // that somebody has attached to it, by kind: "netem"; we desire none
  auto operator<=>(const Link&) const = default;
};

struct Address {
  std::string link{};
  Ipv4Address address{};
  uint8_t prefix_length = 32;
  // Stays until it is removed, has no far end, and the kernel has the routes that come with it:
  // one of table local, and of its prefix. We desire no other.
  bool complete = true;
  auto operator<=>(const Address&) const = default;
};

// A permanent neighbour entry.
struct Neighbour {
  std::string link{};
  Ipv4Address address{};
  MacAddress mac{};
  auto operator<=>(const Neighbour&) const = default;
};

// kLocal: for the namespace itself, though none of its addresses; it stands in table local.
enum class RouteKind { kUnicast, kBlackhole, kThrow, kLocal };
inline bool leads_to_link(RouteKind kind) {
  return kind == RouteKind::kUnicast || kind == RouteKind::kLocal;
}
enum class RouteProtocol : uint8_t { kBoot = 3, kStatic = 4 };

struct Route {
  uint32_t table = 254;
  Ipv4Prefix destination{};
  RouteKind kind = RouteKind::kUnicast;
  RouteProtocol protocol = RouteProtocol::kStatic;
  std::string link{};                    // by name, empty unless leads_to_link()
  std::optional<Ipv4Address> gateway{};  // absent: on link
  bool onlink = false;                   // the gateway needs no route of its own
  std::optional<Ipv4Address> source{};   // RTA_PREFSRC
  uint32_t mtu = 0;                      // RTAX_MTU, 0 when unset
  auto operator<=>(const Route&) const = default;
};
// As the kernel keys routes (metric is always 0 here): replacing is per key.
struct RouteKey {
  uint32_t table = 0;
  Ipv4Prefix destination{};
  auto operator<=>(const RouteKey&) const = default;
};
inline RouteKey key_of(const Route& route) {
  return {route.table, route.destination};
}

// A policy rule "lookup TABLE". The kernel's own three are listed too: in our namespaces we own
// their absence. A rule's identity is the whole rule; the kernel keeps a multiset.
struct Rule {
  uint32_t priority = 0;
  uint32_t table = 0;
  uint32_t fwmark = 0;
  uint32_t fwmask = 0;  // 0: no mark condition
  std::string iif{};
  std::optional<Ipv4Address> source{};  // absent: any
  auto operator<=>(const Rule&) const = default;
};
// 0 local, 32766 main, 32767 default: what a fresh namespace has.
std::multiset<Rule> kernel_rules();

// A namespace-wide setting, "net.ipv4.conf.all.rp_filter" style.
struct Sysctl {
  std::string name{};
  std::string value{};
  auto operator<=>(const Sysctl&) const = default;
};

// A process that stands in a namespace. Observed as the spec it was started with.
struct Process {
  std::string name{};     // unique in its namespace
  std::string program{};  // the name of one of ours ("egress-host"), or an absolute path
  std::vector<std::string> arguments{};
  // Content by name, in a folder of the process's own, which is its working directory.
  std::map<std::string, std::string> files{};
  // It reads them anew on SIGHUP, as daemons do (daemon(7)); others are started anew.
  bool rereads_files = false;
  auto operator<=>(const Process&) const = default;
};
// Whether `running` becomes `wanted` by reading its files anew.
bool becomes_by_rereading(const Process& running, const Process& wanted);

using NetnsName = std::string;  // with the prefix, "eg-vnet-hub"

struct ProcessRef {
  NetnsName netns{};
  std::string name{};
  auto operator<=>(const ProcessRef&) const = default;
};

// What a process of ours does in a namespace, which need not be the one that it lives in: settings
// that change in place, without the process ending.
struct Attachment {
  std::string name{};  // unique in its namespace
  ProcessRef process{};
  bool home = false;     // the process is given the daemon's own network, too
  std::string digest{};  // of the settings
  std::shared_ptr<const std::string> settings{};  // null where only observed

  // The digest stands for the settings.
  bool operator==(const Attachment& other) const {
    return name == other.name && process == other.process && home == other.home &&
           digest == other.digest;
  }
};
Attachment make_attachment(std::string name, ProcessRef process, std::string settings);

struct NetnsState {
  std::map<std::string, Sysctl> sysctls{};
  std::optional<Firewall> firewall{};
  std::map<std::string, Link> links{};
  std::set<Address> addresses{};
  std::set<Neighbour> neighbours{};
  std::map<RouteKey, Route> routes{};
  std::multiset<Rule> rules{};
  std::map<std::string, Process> processes{};
  std::map<std::string, Attachment> attachments{};
  bool operator==(const NetnsState&) const = default;
};

// `lo` as the kernel makes it, with its own MTU.
Link loopback(bool up);

// What a namespace holds once it is made: the kernel's rules, and `lo` down.
NetnsState fresh_netns();

// What is equal in two of them is held once where share_equal() has seen it.
using KernelState = std::map<NetnsName, CopyOnWrite<NetnsState>>;

// Firewalls of some namespaces, such as what they are on the way to what is desired.
using Firewalls = std::map<NetnsName, Firewall>;

// Where both have equal namespaces, `state` shares those of `with` from now on.
void share_equal(KernelState& state, const KernelState& with);

// Whether a link of it is a TUN.
bool has_tun(const KernelState& state);

// Line-oriented, sorted, one object a line under its namespace: the golden format and the log
// format. A firewall is its digest, with its table below where that is known; so are settings.
std::string to_text(const KernelState& state);
std::string to_text(const Link& link);
std::string to_text(const Address& address);
std::string to_text(const Neighbour& neighbour);
std::string to_text(const Route& route);
std::string to_text(const Rule& rule);
std::string to_text(const Sysctl& sysctl);
std::string to_text(const Process& process);
std::string to_text(const Attachment& attachment);

}  // namespace egress::state
