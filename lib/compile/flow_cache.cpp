// SPDX-License-Identifier: MIT
#include "compile/flow_cache.hpp"

#include <algorithm>
#include <string>
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

// Whether the kernel tracks connections there, which it does for who asks or translates.
bool tracks(const state::Firewall& firewall) {
  const auto& chains = firewall.table->chains;
  return std::any_of(chains.begin(), chains.end(), [](const auto& named) {
    const state::NftChain& chain = named.second;
    if (chain.hook && chain.hook->type == "nat") return true;
    return std::any_of(chain.rules.begin(), chain.rules.end(), [](const state::NftRule& rule) {
      return rule.expression.starts_with("ct ") ||
             rule.expression.find(" ct ") != std::string::npos;
    });
  });
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
    const auto& firewall = std::as_const(netns)->firewall;
    const auto what =
        firewall && tracks(*firewall) ? state::FlowCache::kTracked : state::FlowCache::kAll;
    for (auto& [called, link] : netns->links) {
      if (is_port(link)) link.flow_cache = what;
    }
  }
}

}  // namespace egress::compile
