// SPDX-License-Identifier: MIT
#include "compile/flow_cache.hpp"

#include <algorithm>
#include <utility>

namespace egress::compile {
namespace {

bool is_port(const state::Link& link) {
  return link.kind == state::LinkKind::kVeth && link.forwarding;
}

bool is_router(const state::NetnsState& netns) {
  return std::any_of(netns.links.begin(), netns.links.end(),
                     [](const auto& link) { return is_port(link.second); });
}

}  // namespace

// Documentation/networking/nf_conntrack-sysctl.rst
void track_liberally(state::KernelState& state) {
  for (auto& [name, netns] : state) {
    if (!std::as_const(netns)->firewall || !is_router(*std::as_const(netns))) continue;
    for (const char* setting : {"net.netfilter.nf_conntrack_tcp_be_liberal",
                                "net.netfilter.nf_conntrack_tcp_ignore_invalid_rst"}) {
      netns->sysctls[setting] = {setting, "1"};
    }
  }
}

void add_flow_cache(state::KernelState& state) {
  for (auto& [name, netns] : state) {
    if (!is_router(*std::as_const(netns))) continue;
    const auto what =
        std::as_const(netns)->firewall ? state::FlowCache::kTracked : state::FlowCache::kAll;
    for (auto& [called, link] : netns->links) {
      if (is_port(link)) link.flow_cache = what;
    }
  }
}

}  // namespace egress::compile
