// SPDX-License-Identifier: MIT
#include "state/link_diff.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "state/routing_tables.hpp"

namespace egress::state {
namespace {

const Link* find_link(const KernelState& state, const LinkPeer& end) {
  const auto netns = state.find(end.netns);
  if (netns == state.end()) return nullptr;
  const auto link = netns->second.links.find(end.name);
  return link == netns->second.links.end() ? nullptr : &link->second;
}

bool is_loopback(const Link& link) {
  return link.peer == LinkPeer{} && link.name == "lo";
}

bool same_identity(const Link* observed, const Link& desired) {
  return observed != nullptr && observed->peer == desired.peer && observed->mac == desired.mac;
}

template <typename Objects>
bool has_link(const Objects& objects, const std::string& link) {
  return std::any_of(objects.begin(), objects.end(),
                     [&](const auto& object) { return object.link == link; });
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

  LinkChanges take() {
    for (const auto& [netns, state] : desired_) {
      for (const auto& [name, link] : state.links) {
        if (is_loopback(link)) {
          change_loopback(netns, link);
        } else if (can_stay({netns, name}, link)) {
          kept_.insert({netns, name});
          change_settings(netns, *find_link(observed_, {netns, name}), link);
        } else {
          add(netns, link);
        }
      }
    }
    for (const auto& [netns, state] : observed_) {
      if (desired_.count(netns) == 0) continue;
      for (const auto& [name, link] : state.links) {
        if (!is_loopback(link) && kept_.count({netns, name}) == 0) remove(netns, link);
      }
    }
    return std::move(changes_);
  }

 private:
  const Link& other_end(const Link& link) const { return *find_link(desired_, link.peer); }

  bool can_stay(const LinkPeer& end, const Link& link) const {
    return end_can_stay(end, link) && end_can_stay(link.peer, other_end(link));
  }

  bool end_can_stay(const LinkPeer& end, const Link& link) const {
    return same_identity(find_link(observed_, end), link) &&
           !loses_its_last_address(desired_.at(end.netns), observed_.at(end.netns), end.name);
  }

  void change_loopback(const NetnsName& netns, const Link& desired) {
    const Link* observed = find_link(observed_, {netns, desired.name});
    if (observed != nullptr) {
      change_settings(netns, *observed, desired);
    } else {
      // In a new namespace: which settings it inherits depends on the machine.
      const Phase phase = desired.up ? Phase::kLinksUp : Phase::kLinkSettings;
      changes_.ops.push_back({phase, Verb::kChange, netns, LinkSettings{desired}});
    }
  }

  void change_settings(const NetnsName& netns, const Link& observed, const Link& desired) {
    Link settled = desired;
    settled.up = observed.up && desired.up;
    if (settled != observed) {
      changes_.ops.push_back({Phase::kLinkSettings, Verb::kChange, netns, LinkSettings{settled}});
    }
    if (observed.up && !desired.up) changes_.downed.insert({netns, desired.name});
    if (!observed.up && desired.up) bring_up(netns, desired);
  }

  void bring_up(const NetnsName& netns, const Link& desired) {
    changes_.ops.push_back({Phase::kLinksUp, Verb::kChange, netns, LinkSettings{desired}});
  }

  void add(const NetnsName& netns, const Link& link) {
    const LinkPeer end{netns, link.name};
    const Link& other = other_end(link);
    if (link.up) bring_up(netns, link);
    if (link.peer < end) return;  // made from its smaller end
    LinkPair pair{link, other};
    pair.here.up = false;
    pair.there.up = false;
    changes_.ops.push_back({Phase::kAddLinks, Verb::kAdd, netns, std::move(pair)});
  }

  void remove(const NetnsName& netns, const Link& link) {
    const LinkPeer end{netns, link.name};
    const bool retired = find_link(desired_, end) == nullptr &&
                         find_link(desired_, link.peer) == nullptr &&
                         desired_.count(link.peer.netns) != 0;
    (retired ? changes_.retired : changes_.gone).insert(end);
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
  std::set<LinkPeer> kept_{};
  LinkChanges changes_{};
};

template <typename Objects, typename Predicate>
void erase_where(Objects& objects, Predicate predicate) {
  for (auto it = objects.begin(); it != objects.end();) {
    it = predicate(*it) ? objects.erase(it) : std::next(it);
  }
}

}  // namespace

Status check_links(const KernelState& desired) {
  for (const auto& [netns, state] : desired) {
    for (const auto& [name, link] : state.links) {
      if (is_loopback(link)) continue;
      const LinkPeer end{netns, name};
      const Link* other = find_link(desired, link.peer);
      if (other != nullptr && other->peer == end && link.name == name && link.peer != end) continue;
      return Error{.code = Errc::kInvalid,
                   .message = fmt::format("link {} in {} is to end at {} in {}, which is {}", name,
                                          netns, link.peer.name, link.peer.netns,
                                          other == nullptr ? "not there" : "another link's end")};
    }
  }
  return {};
}

LinkChanges diff_links(const KernelState& desired, const KernelState& observed) {
  return LinkDiff(desired, observed).take();
}

NetnsState remaining_netns(const NetnsName& name, const NetnsState& desired,
                           const NetnsState& observed, const LinkChanges& changes) {
  NetnsState left = observed;
  const auto retired = [&](const std::string& link) {
    return changes.retired.count({name, link}) != 0;
  };
  const auto gone = [&](const std::string& link) {
    return changes.gone.count({name, link}) != 0 || retired(link);
  };
  const auto silent = [&](const std::string& link) {
    return gone(link) || changes.downed.count({name, link}) != 0;
  };
  erase_where(left.addresses, [&](const Address& address) { return gone(address.link); });
  erase_where(left.neighbours, [&](const Neighbour& entry) { return silent(entry.link); });

  // The kernel drops routes of the main table, and of that alone, whose source address is gone.
  std::set<Ipv4Address> had;
  std::set<Ipv4Address> has;
  for (const Address& address : observed.addresses) had.insert(address.address);
  for (const Address& address : left.addresses) has.insert(address.address);
  erase_where(left.routes, [&](const auto& entry) {
    const Route& route = entry.second;
    if (route.kind == RouteKind::kUnicast && retired(route.link)) {
      return desired.routes.count(entry.first) == 0;
    }
    if (route.kind == RouteKind::kUnicast && silent(route.link)) return true;
    return route.table == kMainTable && route.source && had.count(*route.source) != 0 &&
           has.count(*route.source) == 0;
  });
  return left;
}

}  // namespace egress::state
