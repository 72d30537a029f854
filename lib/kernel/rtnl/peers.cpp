// SPDX-License-Identifier: MIT
#include "kernel/rtnl/peers.hpp"

#include <utility>

namespace egress::kernel {
namespace {

using state::NetnsName;

class Resolver {
 public:
  Resolver(std::map<NetnsName, NetnsLinks>& all, const AskNsid& ask) : all_(all), ask_(ask) {}

  Status resolve() {
    for (auto& [netns, links] : all_) {
      for (ObservedLink& link : links.links) by_end_[{netns, link.index}] = &link;
    }
    RETURN_IF_ERROR(learn_unknown_names());
    for (const auto& [end, link] : by_end_) {
      const auto other = other_netns(end.first, *link);
      if (!other) continue;
      const auto peer = by_end_.find({*other, link->peer_index});
      if (peer == by_end_.end() || peer->second->peer_index != link->index) continue;
      link->link.peer = {*other, peer->second->link.name};
    }
    return {};
  }

 private:
  using End = std::pair<NetnsName, int>;

  // Nothing while the namespace is unknown.
  std::optional<NetnsName> other_netns(const NetnsName& netns, const ObservedLink& link) const {
    if (link.peer_index == 0) return std::nullopt;
    if (!link.peer_nsid) return netns;
    const auto& names = *all_.at(netns).names_by_nsid;
    const auto known = names.find(*link.peer_nsid);
    if (known == names.end()) return std::nullopt;
    return name_of(known->second);
  }

  Status learn_unknown_names() {
    std::multimap<std::pair<int, int>, NetnsName> candidates;  // by own index and peer's
    for (const auto& [end, link] : by_end_) {
      if (link->peer_nsid) {
        candidates.emplace(std::pair{link->index, link->peer_index}, end.first);
      }
    }
    // Both sides go by name: alike namespaces meet their partner at the first try.
    for (const auto& [end, link] : by_end_) {
      if (!link->peer_nsid || other_netns(end.first, *link)) continue;
      const auto [first, last] = candidates.equal_range({link->peer_index, link->index});
      for (auto candidate = first; candidate != last; ++candidate) {
        ASSIGN_OR_RETURN(const bool meant,
                         is_called(end.first, *link->peer_nsid, candidate->second));
        if (!meant) continue;
        candidates.erase(candidate);
        break;
      }
    }
    return {};
  }

  // Remembers the answer whether or not it is the one looked for.
  Result<bool> is_called(const NetnsName& netns, int nsid, const NetnsName& other) {
    ASSIGN_OR_RETURN(const std::optional<int> called, ask_(netns, other));
    if (called) (*all_.at(netns).names_by_nsid)[*called] = all_.at(other).name;
    return called == nsid;
  }

  std::map<NetnsName, NetnsLinks>& all_;
  const AskNsid& ask_;
  std::map<End, ObservedLink*> by_end_{};
};

}  // namespace

NetnsName name_of(const std::weak_ptr<const NetnsName>& name) {
  const NetnsNamePtr held = name.lock();
  return held ? *held : NetnsName();
}

Status resolve_peers(std::map<NetnsName, NetnsLinks>& all, const AskNsid& ask) {
  return Resolver(all, ask).resolve();
}

}  // namespace egress::kernel
