// SPDX-License-Identifier: MIT
#include "kernel/nft/provider.hpp"

#include <utility>

namespace egress::kernel {

Status NftProvider::observe(state::KernelState& observed) {
  for (auto& [netns, handle] : held_.all()) {
    auto firewall = handle.firewall().observe();
    if (!firewall.ok()) return std::move(firewall).error().in("observe " + netns);
    CopyOnWrite<state::NetnsState>& there = observed[netns];
    if (std::as_const(there)->firewall != *firewall) there->firewall = *std::move(firewall);
  }
  return {};
}

bool NftProvider::provides(const state::Object& object) const {
  return std::holds_alternative<state::FirewallChange>(object);
}

Status NftProvider::apply(const state::Op& op) {
  auto held = held_.get(op.netns);
  if (!held.ok()) return missing_or_error(op, std::move(held).error());
  if (op.verb == state::Verb::kRemove) return (*held)->firewall().remove(used_contexts_);
  return (*held)->firewall().replace(std::get<state::FirewallChange>(op.object).desired,
                                     used_contexts_);
}

Result<std::map<std::string, uint64_t>> NftProvider::counters(const state::NetnsName& netns) {
  ASSIGN_OR_RETURN(NetnsHandle* const held, held_.get(netns));
  auto counted = held->firewall().counters();
  if (!counted.ok()) return std::move(counted).error().in("counters of " + netns);
  return counted;
}

}  // namespace egress::kernel
