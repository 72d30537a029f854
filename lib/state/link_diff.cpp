// SPDX-License-Identifier: MIT
#include "state/link_diff.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "state/routing_tables.hpp"

namespace egress::state {
namespace {

const Link* find_link(const NetnsState& netns, const std::string& name) {
  const auto link = netns.links.find(name);
  return link == netns.links.end() ? nullptr : &link->second;
}

const Link* find_link(const KernelState& state, const LinkPeer& end) {
  const auto netns = state.find(end.netns);
  return netns == state.end() ? nullptr : find_link(*netns->second, end.name);
}

// Of addresses or neighbours, which are sorted by link first.
template <typename Object>
bool has_link(const std::set<Object>& objects, const std::string& link) {
  const auto first = objects.lower_bound({.link = link});
  return first != objects.end() && first->link == link;
}

bool has_routes(const NetnsState& netns, const std::string& link) {
  return std::any_of(netns.routes.begin(), netns.routes.end(),
                     [&](const auto& entry) { return entry.second.link == link; });
}

// With the last address of a link the kernel removes its routes and neighbours, and addresses go
// last in a pass: making such a link anew is the order that ends right in one pass.
bool loses_its_last_address(const NetnsState& desired, const NetnsState& observed,
                            const std::string& link) {
  return has_link(observed.addresses, link) && !has_link(desired.addresses, link) &&
         (has_link(desired.neighbours, link) || has_routes(desired, link));
}

class LinkDiff {
 public:
  LinkDiff(const KernelState& desired, const KernelState& observed)
      : desired_(desired), observed_(observed) {}

  LinkChanges take(const NetnsNames& unequal) {
    for (const NetnsName& netns : unequal) {
      const auto present = observed_.find(netns);
      diff_netns(netns, *desired_.at(netns),
                 present == observed_.end() ? nullptr : &*present->second);
    }
    return std::move(changes_);
  }

 private:
  void diff_netns(const NetnsName& netns, const NetnsState& desired, const NetnsState* observed) {
    std::vector<const Link*> kept;  // observed ones, by name
    for (const auto& [name, link] : desired.links) {
      const Link* was = observed == nullptr ? nullptr : find_link(*observed, name);
      if (link.kind == LinkKind::kLoopback) {
        change_loopback(netns, was, link);
      } else if (was != nullptr && end_can_stay(desired, *observed, *was, link) &&
                 other_end_can_stay(link)) {
        kept.push_back(was);
        change_settings(netns, *was, link);
      } else {
        add(netns, link);
      }
    }
    if (observed == nullptr) return;
    auto next_kept = kept.begin();
    for (const auto& [name, link] : observed->links) {
      if (next_kept != kept.end() && *next_kept == &link) {
        ++next_kept;
      } else if (link.kind != LinkKind::kLoopback) {
        remove(netns, link);
      }
    }
  }

  const Link& other_end(const Link& link) const { return *find_link(desired_, link.peer); }

  bool end_can_stay(const NetnsState& desired, const NetnsState& observed, const Link& was,
                    const Link& link) const {
    // With another MAC, or NOARP, the kernel forgets the link's neighbours.
    return was.kind == link.kind && was.peer == link.peer && was.mac == link.mac &&
           was.arp == link.arp && !loses_its_last_address(desired, observed, link.name);
  }

  bool other_end_can_stay(const Link& link) const {
    if (link.kind == LinkKind::kTun) return true;
    const auto observed = observed_.find(link.peer.netns);
    if (observed == observed_.end()) return false;
    const Link* was = find_link(*observed->second, link.peer.name);
    return was != nullptr &&
           end_can_stay(*desired_.at(link.peer.netns), *observed->second, *was, other_end(link));
  }

  void change_loopback(const NetnsName& netns, const Link* observed, const Link& desired) {
    if (observed != nullptr) {
      change_settings(netns, *observed, desired);
    } else {
      // In a new namespace: which settings it inherits depends on the machine.
      const Phase phase = desired.up ? Phase::kLinksUp : Phase::kLinkSettings;
      changes_.ops.push_back({phase, Verb::kChange, netns, LinkSettings{desired}});
    }
  }

  void change_settings(const NetnsName& netns, const Link& observed, const Link& desired) {
    if (observed == desired) return;
    Link settled = desired;
    settled.up = observed.up && desired.up;
    if (settled != observed) {
      changes_.ops.push_back({Phase::kLinkSettings, Verb::kChange, netns, LinkSettings{settled}});
    }
    if (observed.up && !desired.up) changes_.by_netns[netns].downed.insert(desired.name);
    if (!observed.up && desired.up) bring_up(netns, desired);
  }

  void bring_up(const NetnsName& netns, const Link& desired) {
    changes_.ops.push_back({Phase::kLinksUp, Verb::kChange, netns, LinkSettings{desired}});
  }

  void add(const NetnsName& netns, const Link& link) {
    const LinkPeer end{netns, link.name};
    if (link.up) bring_up(netns, link);
    LinkPair pair{.here = link};
    if (link.kind != LinkKind::kTun) {
      if (link.peer < end) return;  // made from its smaller end
      pair.there = other_end(link);
      pair.there.up = false;
    }
    pair.here.up = false;
    changes_.ops.push_back({Phase::kAddLinks, Verb::kAdd, netns, std::move(pair)});
  }

  void remove(const NetnsName& netns, const Link& link) {
    const LinkPeer end{netns, link.name};
    const bool retired = find_link(desired_, end) == nullptr &&
                         find_link(desired_, link.peer) == nullptr &&
                         desired_.count(link.peer.netns) != 0;
    LinkChanges::InNetns& here = changes_.by_netns[netns];
    (retired ? here.retired : here.gone).insert(link.name);
    const Link* other = find_link(observed_, link.peer);
    const bool mutual = other != nullptr && other->peer == end;
    if (mutual && desired_.count(link.peer.netns) == 0) return;  // goes with that namespace
    if (mutual && link.peer < end) return;                       // removed from its smaller end
    LinkPair pair{link, {.name = link.peer.name, .peer = end}};
    if (mutual) pair.there = *other;
    const Phase phase = retired ? Phase::kRetireLinks : Phase::kRemoveLinks;
    changes_.ops.push_back({phase, Verb::kRemove, netns, std::move(pair)});
  }

  const KernelState& desired_;
  const KernelState& observed_;
  LinkChanges changes_{};
};

}  // namespace

NetnsNames unequal_netns(const KernelState& desired, const KernelState& observed) {
  NetnsNames unequal;
  const auto add_other_ends = [&](const NetnsState& netns) {
    for (const auto& [name, link] : netns.links) {
      if (desired.count(link.peer.netns) != 0) unequal.insert(link.peer.netns);
    }
  };
  for (const auto& [netns, wanted] : desired) {
    const auto present = observed.find(netns);
    if (present != observed.end() && wanted == present->second) continue;
    unequal.insert(netns);
    const bool is_new = present == observed.end();
    if (!is_new && wanted->links == present->second->links &&
        wanted->addresses == present->second->addresses) {
      continue;
    }
    add_other_ends(*wanted);
    if (!is_new) add_other_ends(*present->second);
  }
  for (const auto& [netns, present] : observed) {
    if (desired.count(netns) == 0) add_other_ends(*present);
  }
  return unequal;
}

Status check_links(const KernelState& desired, const NetnsNames& among) {
  for (const NetnsName& netns : among) {
    for (const auto& [name, link] : desired.at(netns)->links) {
      if (link.kind == LinkKind::kLoopback) continue;
      if (link.kind == LinkKind::kTun) {
        if (link.peer == LinkPeer{} && link.name == name) continue;
        return Error{
            .code = Errc::kInvalid,
            .message = fmt::format("link {} in {} is a TUN, which has no other end", name, netns)};
      }
      const Link* other = find_link(desired, link.peer);
      if (other != nullptr && other != &link && other->peer == LinkPeer{netns, name} &&
          link.name == name) {
        continue;
      }
      return Error{.code = Errc::kInvalid,
                   .message = fmt::format("link {} in {} is to end at {} in {}, which is {}", name,
                                          netns, link.peer.name, link.peer.netns,
                                          other == nullptr ? "not there" : "another link's end")};
    }
  }
  return {};
}

LinkChanges diff_links(const KernelState& desired, const KernelState& observed,
                       const NetnsNames& unequal) {
  return LinkDiff(desired, observed).take(unequal);
}

NetnsState remaining_netns(const NetnsState& desired, const NetnsState& observed,
                           const LinkChanges::InNetns& changes) {
  NetnsState left = observed;
  const auto retired = [&](const std::string& link) { return changes.retired.count(link) != 0; };
  const auto gone = [&](const std::string& link) {
    return changes.gone.count(link) != 0 || retired(link);
  };
  const auto silent = [&](const std::string& link) {
    return gone(link) || changes.downed.count(link) != 0;
  };
  std::erase_if(left.addresses, [&](const Address& address) { return gone(address.link); });
  std::erase_if(left.neighbours, [&](const Neighbour& entry) { return silent(entry.link); });

  // The kernel drops routes of the main table, and of that alone, whose source address is gone.
  std::set<Ipv4Address> had;
  std::set<Ipv4Address> has;
  for (const Address& address : observed.addresses) had.insert(address.address);
  for (const Address& address : left.addresses) has.insert(address.address);
  std::erase_if(left.routes, [&](const auto& entry) {
    const Route& route = entry.second;
    if (leads_to_link(route.kind) && retired(route.link)) {
      return desired.routes.count(entry.first) == 0;
    }
    if (leads_to_link(route.kind) && silent(route.link)) return true;
    return route.table == kMainTable && route.source && had.count(*route.source) != 0 &&
           has.count(*route.source) == 0;
  });
  return left;
}

}  // namespace egress::state
