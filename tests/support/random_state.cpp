// SPDX-License-Identifier: MIT
#include "tests/support/random_state.hpp"

#include <fmt/format.h>

#include <array>
#include <map>

#include "state/routing_tables.hpp"

namespace egress::testing_support {
namespace {

using state::KernelState;
using state::Link;
using state::MacAddress;
using state::NetnsState;
using state::Route;
using state::RouteKind;

constexpr std::array kNames = {"eg-a", "eg-b", "eg-c", "eg-d"};

class Generator {
 public:
  explicit Generator(std::mt19937& random) : random_(random) {}

  KernelState take() {
    for (const char* name : kNames) {
      if (chance(75)) add_netns(name);
    }
    if (state_.size() > 1) {
      for (uint32_t slot = 0; slot < 6; ++slot) {
        if (chance(70)) add_pair(slot);
      }
    }
    for (auto& [name, netns] : state_) {
      if (chance(30)) add_tun(netns.change());
      fill(netns.change());
    }
    add_attachments();
    return std::move(state_);
  }

 private:
  uint32_t below(uint32_t limit) {
    return std::uniform_int_distribution<uint32_t>(0, limit - 1)(random_);
  }
  bool chance(uint32_t percent) { return below(100) < percent; }

  void add_netns(const std::string& name) {
    NetnsState& netns = state_[name].change();
    constexpr std::array kFlowCaches = {state::FlowCache::kNone, state::FlowCache::kTracked,
                                        state::FlowCache::kAll};
    flow_caches_[name] = kFlowCaches.at(below(kFlowCaches.size()));
    netns.links["lo"] = state::loopback(true);
    netns.rules = state::kernel_rules();
    if (chance(30)) netns.rules.erase(netns.rules.begin());
    const std::string sysctl = "net.ipv4.conf.all.rp_filter";
    netns.sysctls[sysctl] = {sysctl, std::to_string(below(3))};
    if (chance(60)) netns.firewall = state::make_firewall(random_table());
    for (const char* process : {"one", "other"}) {
      if (!chance(25)) continue;
      netns.processes[process] = {.name = process,
                                  .program = EGRESS_ATTACHABLE_PROGRAM,
                                  .files = {{"number", std::to_string(below(3))}}};
    }
  }

  state::NftTable random_table() {
    state::NftTable table;
    std::vector<state::NftElement> marks;
    for (uint32_t i = 0; i < 4; ++i) {
      if (chance(50)) marks.push_back({{fmt::format("l{}", i)}, i});
    }
    table.maps["marks"] =
        state::make_map({.key = {state::NftField::kIifname}, .data = state::NftData::kMark}, marks);
    table.chains["steer"] = {
        .hook = state::NftHook{"filter", "prerouting", -150, false},
        .rules = {{"meta mark set iifname map @marks", std::to_string(below(3))}}};
    return table;
  }

  Link random_link(std::string name, std::string peer_netns, std::string peer_name) {
    return {.name = std::move(name),
            .peer = {std::move(peer_netns), std::move(peer_name)},
            .mac = MacAddress{{0x02, 0, 0, 0, 0, static_cast<uint8_t>(below(8) == 0 ? 1 : 2)}},
            .mtu = chance(80) ? 1500U : 1400U,
            .up = chance(80),
            .forwarding = chance(50),
            .rp_filter = static_cast<uint8_t>(below(3)),
            .accept_local = below(2) == 0,
            .arp_filter = chance(80),
            .arp = chance(80),
            .ipv6 = chance(20),
            .alias = chance(50) ? "an interface" : ""};
  }

  void add_pair(uint32_t slot) {
    const uint32_t count = static_cast<uint32_t>(state_.size());
    const uint32_t first = below(count);
    const uint32_t second = (first + 1 + below(count - 1)) % count;
    const std::string a = std::next(state_.begin(), first)->first;
    const std::string b = std::next(state_.begin(), second)->first;
    const std::string here = fmt::format("l{}", slot);
    const std::string there = fmt::format("r{}", slot);
    state_[a]->links[here] = random_link(here, b, there);
    state_[b]->links[there] = random_link(there, a, here);
    if (chance(70)) state_[a]->links[here].flow_cache = flow_caches_[a];
    if (chance(70)) state_[b]->links[there].flow_cache = flow_caches_[b];
  }

  // Under the name of a pair's end, too, which it then replaces from one state to the other.
  void add_tun(NetnsState& netns) {
    const std::string name = fmt::format("{}{}", chance(50) ? "l" : "r", below(6));
    if (netns.links.count(name) != 0) return;
    Link link = random_link(name, "", "");
    link.kind = state::LinkKind::kTun;
    link.mac = {};
    link.arp = true;
    link.tx_queue_length = chance(50) ? 500 : 4096;
    netns.links[name] = std::move(link);
  }

  void fill(NetnsState& netns) {
    uint8_t number = 0;
    for (const auto& [name, link] : netns.links) {
      if (name != "lo") fill_link(netns, link, ++number);
    }
    for (uint32_t table : {100U, 254U}) {
      if (chance(40)) {
        add_route(netns,
                  {.table = table, .kind = chance(50) ? RouteKind::kBlackhole : RouteKind::kThrow});
      }
    }
    if (netns.links.at("lo").up && chance(30)) {
      // One that holds a gateway would make it invalid.
      add_route(netns, {.table = state::kLocalTable,
                        .destination = {{0xc6336400}, 24},  // 198.51.100.0/24
                        .kind = RouteKind::kLocal,
                        .link = "lo"});
    }
    for (uint32_t mark = 1; mark < 4; ++mark) {
      if (!chance(50)) continue;
      netns.rules.insert({.priority = 1000 * (1 + below(2)),
                          .table = 100 + below(2),
                          .fwmark = mark,
                          .fwmask = chance(70) ? 0xffffffffU : 0xffffU,
                          .iif = chance(20) ? "l1" : ""});
    }
  }

  void fill_link(NetnsState& netns, const Link& link, uint8_t number) {
    const Ipv4Address own{0x0a000001U + (uint32_t{number} << 16U) + (below(2) << 8U)};
    const uint8_t length = chance(50) ? 24 : 32;
    const bool has_address = chance(70);
    if (has_address) netns.addresses.insert({link.name, own, length});
    if (has_address && chance(30)) {
      netns.addresses.insert({link.name, {own.bits + (1U << 20U)}, 32});
    }
    if (link.kind == state::LinkKind::kVeth && chance(50)) {
      const MacAddress mac{{0x02, 0, 0, 0, 1, static_cast<uint8_t>(below(3))}};
      netns.neighbours.insert({link.name, {0xa9feff02U}, mac});
    }
    if (!link.up) return;
    for (uint32_t table : {100U, 101U, 254U}) {
      Route route{.table = table, .link = link.name};
      route.destination = destination(number, below(3));
      if (chance(30)) route.mtu = 1400;
      if (has_address && chance(40)) route.source = own;
      if (chance(60)) add_route(netns, route);
      Route onward{.table = table, .link = link.name};
      onward.destination = destination(number, 3 + below(3));
      if (has_address && length == 24 && chance(50)) {
        onward.gateway = Ipv4Address{own.bits + 7};
      } else if (holds(netns, route) && chance(50)) {
        onward.gateway = Ipv4Address{route.destination.address.bits + 9};
      } else {
        onward.gateway = Ipv4Address{0xa9feff02U};
        onward.onlink = true;
      }
      if (chance(60)) add_route(netns, onward);
    }
  }

  void add_attachments() {
    std::vector<state::ProcessRef> processes;
    for (const auto& [netns, there] : state_) {
      for (const auto& [name, process] : there->processes) processes.push_back({netns, name});
    }
    if (processes.empty()) return;
    for (auto& [name, netns] : state_) {
      for (const char* attachment : {"this", "that"}) {
        if (!chance(50)) continue;
        const auto& process = processes[below(static_cast<uint32_t>(processes.size()))];
        auto& made = netns->attachments[attachment];
        made = state::make_attachment(attachment, process, std::to_string(below(2)));
        made.home = chance(20);
      }
    }
  }

  static bool holds(const NetnsState& netns, const Route& route) {
    const auto found = netns.routes.find(key_of(route));
    return found != netns.routes.end() && found->second == route;
  }

  // Shared by two links each, so that routes move between them.
  static Ipv4Prefix destination(uint8_t link_number, uint32_t which) {
    return {{0xac100000U + (uint32_t{link_number} / 2U << 20U) + (which << 16U)}, 16};
  }

  // The first route of a key stays, so that routes whose gateway it reaches stay valid.
  static void add_route(NetnsState& netns, const Route& route) {
    netns.routes.emplace(key_of(route), route);
  }

  std::mt19937& random_;
  KernelState state_{};
  std::map<std::string, state::FlowCache> flow_caches_{};  // of a namespace's ports that have it
};

}  // namespace

KernelState random_state(std::mt19937& random) {
  return Generator(random).take();
}

state::Renames random_renames(std::mt19937& random) {
  std::uniform_int_distribution<size_t> draw(1, kNames.size() - 1);
  state::Renames renames;
  for (size_t from = 0; from < kNames.size(); ++from) {
    renames.emplace(kNames.at(from), kNames.at((from + draw(random)) % kNames.size()));
  }
  return renames;
}

}  // namespace egress::testing_support
