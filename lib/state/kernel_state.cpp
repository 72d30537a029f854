// SPDX-License-Identifier: MIT
#include "state/kernel_state.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <sstream>

#include "base/stable_hash.hpp"
#include "state/routing_tables.hpp"

namespace egress::state {
namespace {

constexpr uint32_t kWholeMark = 0xffffffff;

std::string table_name(uint32_t table) {
  switch (table) {
    case kDefaultTable: return "default";
    case kMainTable: return "main";
    case kLocalTable: return "local";
    default: return std::to_string(table);
  }
}

std::string destination_text(const Ipv4Prefix& destination) {
  return destination.length == 0 ? "default" : destination.to_string();
}

const char* kind_text(RouteKind kind) {
  switch (kind) {
    case RouteKind::kUnicast: return "";
    case RouteKind::kBlackhole: return "blackhole ";
    case RouteKind::kThrow: return "throw ";
    case RouteKind::kLocal: return "local ";
  }
  return "";
}

const char* protocol_text(RouteProtocol protocol) {
  switch (protocol) {
    case RouteProtocol::kBoot: return "boot";
    case RouteProtocol::kStatic: return "static";
  }
  return "";
}

template <typename Objects>
void append_lines(std::string& text, const Objects& objects) {
  for (const auto& object : objects) text += "  " + to_text(object) + "\n";
}

template <typename Key, typename Object>
void append_lines(std::string& text, const std::map<Key, Object>& objects) {
  for (const auto& [key, object] : objects) text += "  " + to_text(object) + "\n";
}

void append_below(std::string& text, const std::string& content) {
  std::istringstream lines(content);
  for (std::string line; std::getline(lines, line);) text += "    " + line + "\n";
}

void append_firewall(std::string& text, const Firewall& firewall) {
  text += "  firewall " + firewall.digest + "\n";
  if (firewall.table) append_below(text, to_text(*firewall.table));
}

void append_attachments(std::string& text, const std::map<std::string, Attachment>& attachments) {
  for (const auto& [name, attachment] : attachments) {
    text += "  " + to_text(attachment) + "\n";
    if (attachment.settings) append_below(text, *attachment.settings);
  }
}

}  // namespace

std::string MacAddress::to_string() const {
  return fmt::format("{:02x}", fmt::join(octets, ":"));
}

std::multiset<Rule> kernel_rules() {
  return {Rule{.priority = 0, .table = kLocalTable}, Rule{.priority = 32766, .table = kMainTable},
          Rule{.priority = 32767, .table = kDefaultTable}};
}

Link loopback(bool up) {
  return {.name = "lo", .kind = LinkKind::kLoopback, .mtu = 65536, .up = up};
}

bool becomes_by_rereading(const Process& running, const Process& wanted) {
  const auto same_name = [](const auto& a, const auto& b) { return a.first == b.first; };
  Process with_files = running;
  with_files.files = wanted.files;
  return running.rereads_files && with_files == wanted &&
         std::equal(running.files.begin(), running.files.end(), wanted.files.begin(),
                    wanted.files.end(), same_name);
}

Attachment make_attachment(std::string name, ProcessRef process, std::string settings) {
  Attachment attachment{.name = std::move(name), .process = std::move(process)};
  attachment.digest = digest_of(settings);
  attachment.settings = std::make_shared<const std::string>(std::move(settings));
  return attachment;
}

NetnsState fresh_netns() {
  NetnsState netns;
  netns.links["lo"] = loopback(false);
  netns.rules = kernel_rules();
  return netns;
}

void share_equal(KernelState& state, const KernelState& with) {
  for (auto& [name, netns] : state) {
    const auto other = with.find(name);
    if (other != with.end() && netns == other->second) netns = other->second;
  }
}

bool has_tun(const KernelState& state) {
  return std::any_of(state.begin(), state.end(), [](const auto& netns) {
    const auto& links = netns.second->links;
    return std::any_of(links.begin(), links.end(),
                       [](const auto& entry) { return entry.second.kind == LinkKind::kTun; });
  });
}

std::string to_text(const KernelState& state) {
  std::string text;
  for (const auto& [name, shared] : state) {
    const NetnsState& netns = *shared;
    text += "netns " + name + "\n";
    append_lines(text, netns.sysctls);
    if (netns.firewall) append_firewall(text, *netns.firewall);
    append_lines(text, netns.links);
    append_lines(text, netns.addresses);
    append_lines(text, netns.neighbours);
    append_lines(text, netns.routes);
    append_lines(text, netns.rules);
    append_lines(text, netns.processes);
    append_attachments(text, netns.attachments);
  }
  return text;
}

std::string to_text(const Link& link) {
  std::string text = "link " + link.name;
  if (link.kind == LinkKind::kOther) text += " of another kind";
  if (link.kind == LinkKind::kTun) text += " tun";
  if (link.peer != LinkPeer{}) {
    text +=
        fmt::format(" peer {} in {} mac {}", link.peer.name, link.peer.netns, link.mac.to_string());
  }
  text += fmt::format(" mtu {} {}", link.mtu, link.up ? "up" : "down");
  if (link.forwarding) text += " forwarding";
  if (link.rp_filter != 0) text += fmt::format(" rp_filter {}", link.rp_filter);
  if (link.accept_local) text += " accept_local";
  if (!link.arp_filter && link.kind != LinkKind::kLoopback) text += " no arp_filter";
  if (!link.arp) text += " noarp";
  if (link.ipv6) text += " ipv6";
  if (link.tx_queue_length != 0) text += fmt::format(" queue {}", link.tx_queue_length);
  if (link.flow_cache == FlowCache::kTracked) text += " flow_cache";
  if (link.flow_cache == FlowCache::kAll) text += " flow_cache of all";
  if (!link.qdisc.empty()) text += " qdisc " + link.qdisc;
  if (!link.alias.empty()) text += fmt::format(" alias \"{}\"", link.alias);
  return text;
}

std::string to_text(const Address& address) {
  return fmt::format("address {}/{} dev {}{}", address.address.to_string(), address.prefix_length,
                     address.link, address.complete ? "" : ", which is incomplete,");
}

std::string to_text(const Neighbour& neighbour) {
  return fmt::format("neighbour {} lladdr {} dev {}", neighbour.address.to_string(),
                     neighbour.mac.to_string(), neighbour.link);
}

std::string to_text(const Route& route) {
  std::string text = "route ";
  text += kind_text(route.kind) + destination_text(route.destination);
  if (route.gateway) text += " via " + route.gateway->to_string();
  if (!route.link.empty()) text += " dev " + route.link;
  if (route.onlink) text += " onlink";
  text += fmt::format(" proto {} table {}", protocol_text(route.protocol), table_name(route.table));
  if (route.source) text += " src " + route.source->to_string();
  if (route.mtu != 0) text += fmt::format(" mtu {}", route.mtu);
  return text;
}

std::string to_text(const Rule& rule) {
  std::string text = fmt::format("rule {}: from {}", rule.priority,
                                 rule.source ? rule.source->to_string() : "all");
  if (rule.fwmask != 0) text += fmt::format(" fwmark {:#x}", rule.fwmark);
  if (rule.fwmask != 0 && rule.fwmask != kWholeMark) text += fmt::format("/{:#x}", rule.fwmask);
  if (!rule.iif.empty()) text += " iif " + rule.iif;
  return text + " lookup " + table_name(rule.table);
}

std::string to_text(const Sysctl& sysctl) {
  return fmt::format("sysctl {} = {}", sysctl.name, sysctl.value);
}

std::string to_text(const Process& process) {
  std::string text = fmt::format("process {} {}", process.name, process.program);
  for (const std::string& argument : process.arguments) text += " " + argument;
  for (const auto& [name, content] : process.files) {
    text += fmt::format(" file {} {:016x}", name, scattered(fnv1a(content)));
  }
  if (process.rereads_files) text += " rereads";
  return text;
}

std::string to_text(const Attachment& attachment) {
  return fmt::format("attachment {} of {} in {}{} settings {}", attachment.name,
                     attachment.process.name, attachment.process.netns,
                     attachment.home ? " home" : "", attachment.digest);
}

}  // namespace egress::state
