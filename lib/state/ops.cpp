// SPDX-License-Identifier: MIT
#include "state/ops.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "state/attachment_diff.hpp"
#include "state/link_diff.hpp"

namespace egress::state {
namespace {

void diff_sysctls(ChangeSet& ops, const NetnsName& netns, const NetnsState& desired,
                  const NetnsState& observed) {
  for (const auto& [name, sysctl] : desired.sysctls) {
    const auto present = observed.sysctls.find(name);
    if (present != observed.sysctls.end() && present->second == sysctl) continue;
    ops.push_back({Phase::kSysctls, Verb::kChange, netns, sysctl});
  }
}

void diff_firewall(ChangeSet& ops, const NetnsName& netns, const NetnsState& desired,
                   const NetnsState& observed) {
  if (desired.firewall == observed.firewall) return;
  Verb verb = Verb::kChange;
  if (!observed.firewall) verb = Verb::kAdd;
  if (!desired.firewall) verb = Verb::kRemove;
  ops.push_back({Phase::kFirewall, verb, netns,
                 FirewallChange{desired.firewall.value_or(Firewall{}),
                                observed.firewall.value_or(Firewall{})}});
}

template <typename Set>
std::vector<typename Set::value_type> only_in(const Set& one, const Set& other) {
  std::vector<typename Set::value_type> only;
  std::set_difference(one.begin(), one.end(), other.begin(), other.end(), std::back_inserter(only));
  return only;
}

// Of objects that are their own keys.
template <typename Set>
void diff_sets(ChangeSet& ops, const NetnsName& netns, const Set& desired, const Set& observed,
               Phase adding, Phase removing) {
  for (auto& object : only_in(desired, observed)) {
    ops.push_back({adding, Verb::kAdd, netns, std::move(object)});
  }
  for (auto& object : only_in(observed, desired)) {
    ops.push_back({removing, Verb::kRemove, netns, std::move(object)});
  }
}

// The kernel keys them by link and address; the sets are sorted by that first.
bool has_key_of(const std::set<Neighbour>& all, const Neighbour& entry) {
  const auto first = all.lower_bound({entry.link, entry.address, {}});
  return first != all.end() && first->link == entry.link && first->address == entry.address;
}

void diff_neighbours(ChangeSet& ops, const NetnsName& netns, const NetnsState& desired,
                     const NetnsState& observed) {
  for (Neighbour& entry : only_in(desired.neighbours, observed.neighbours)) {
    const Verb verb = has_key_of(observed.neighbours, entry) ? Verb::kChange : Verb::kAdd;
    ops.push_back({Phase::kNeighbours, verb, netns, std::move(entry)});
  }
  for (Neighbour& entry : only_in(observed.neighbours, desired.neighbours)) {
    if (has_key_of(desired.neighbours, entry)) continue;
    ops.push_back({Phase::kRemoveNeighbours, Verb::kRemove, netns, std::move(entry)});
  }
}

// Routes that others need to reach their gateways come first.
int rank(const Route& route) {
  if (!route.gateway) return 0;
  return route.onlink ? 1 : 2;
}

void diff_routes(ChangeSet& ops, const NetnsName& netns, const NetnsState& desired,
                 const NetnsState& observed) {
  std::vector<std::pair<const Route*, Verb>> wanted;
  for (const auto& [key, route] : desired.routes) {
    const auto present = observed.routes.find(key);
    const bool absent = present == observed.routes.end();
    if (absent || present->second != route) {
      wanted.emplace_back(&route, absent ? Verb::kAdd : Verb::kChange);
    }
  }
  std::stable_sort(wanted.begin(), wanted.end(),
                   [](const auto& a, const auto& b) { return rank(*a.first) < rank(*b.first); });
  for (const auto& [route, verb] : wanted) {
    const bool takes_away = route->kind == RouteKind::kBlackhole;
    ops.push_back({takes_away ? Phase::kBlackholes : Phase::kRoutes, verb, netns, *route});
  }
  for (const auto& [key, route] : observed.routes) {
    if (desired.routes.count(key) != 0) continue;
    ops.push_back({Phase::kRemoveRoutes, Verb::kRemove, netns, route});
  }
}

void diff_processes(ChangeSet& ops, const NetnsName& netns, const NetnsState& desired,
                    const NetnsState& observed) {
  std::set<std::string> kept;
  for (const auto& [name, process] : only_in(observed.processes, desired.processes)) {
    const auto wanted = desired.processes.find(name);
    if (wanted != desired.processes.end() && becomes_by_rereading(process, wanted->second)) {
      kept.insert(name);
    } else {
      ops.push_back({Phase::kStopProcesses, Verb::kRemove, netns, process});
    }
  }
  for (const auto& [name, process] : only_in(desired.processes, observed.processes)) {
    const Verb verb = kept.contains(name) ? Verb::kChange : Verb::kAdd;
    ops.push_back({Phase::kStartProcesses, verb, netns, process});
  }
}

void diff_netns(ChangeSet& ops, const NetnsName& netns, const NetnsState& desired,
                const NetnsState& observed) {
  diff_firewall(ops, netns, desired, observed);
  diff_sysctls(ops, netns, desired, observed);
  diff_sets(ops, netns, desired.addresses, observed.addresses, Phase::kAddAddresses,
            Phase::kRemoveAddresses);
  diff_neighbours(ops, netns, desired, observed);
  diff_routes(ops, netns, desired, observed);
  diff_sets(ops, netns, desired.rules, observed.rules, Phase::kRules, Phase::kRemoveRules);
  diff_processes(ops, netns, desired, observed);
}

const char* verb_text(Verb verb) {
  switch (verb) {
    case Verb::kAdd: return "add";
    case Verb::kChange: return "change";
    case Verb::kRemove: return "remove";
  }
  return "";
}

std::string object_text(const FirewallChange& change) {
  const bool removal = change.desired.digest.empty();
  return "firewall " + (removal ? change.observed.digest : change.desired.digest);
}

std::string object_text(const LinkPair& pair) {
  std::string text = to_text(pair.here);
  if (pair.here.peer != LinkPeer{}) text += " - " + to_text(pair.there);
  return text;
}

std::string object_text(const LinkSettings& settings) {
  return to_text(settings.link);
}

template <typename Plain>
std::string object_text(const Plain& object) {
  return to_text(object);
}

std::string text_of(const Op& op, const NetnsObject&) {
  return fmt::format("{} netns {}", verb_text(op.verb), op.netns);
}

std::string text_of(const Op& op, const NetnsRename& rename) {
  return fmt::format("rename netns {} to {}", op.netns, rename.to);
}

template <typename Inside>
std::string text_of(const Op& op, const Inside& object) {
  return fmt::format("{} {} in {}", verb_text(op.verb), object_text(object), op.netns);
}

bool is_before(const Op& a, const Op& b) {
  return std::tie(a.phase, a.netns) < std::tie(b.phase, b.netns);
}

// Most passes find little to do: what is equal is compared and neither copied nor sorted.
Result<ChangeSet> compare(const KernelState& desired, const KernelState& observed) {
  const NetnsNames unequal = unequal_netns(desired, observed);
  RETURN_IF_ERROR(check_links(desired, unequal));
  RETURN_IF_ERROR(check_attachments(desired));
  LinkChanges links = diff_links(desired, observed, unequal);
  ChangeSet ops = std::move(links.ops);
  for (const auto& [netns, state] : observed) {
    if (desired.count(netns) != 0) continue;
    diff_processes(ops, netns, {}, *state);
    ops.push_back({Phase::kRemoveNetns, Verb::kRemove, netns, NetnsObject{}});
  }
  diff_attachments(ops, desired, observed, unequal);
  const NetnsState fresh = fresh_netns();
  for (const NetnsName& netns : unequal) {
    const NetnsState& wanted = *desired.at(netns);
    const auto present = observed.find(netns);
    const auto changed = links.by_netns.find(netns);
    if (present == observed.end()) {
      ops.push_back({Phase::kAddNetns, Verb::kAdd, netns, NetnsObject{}});
      diff_netns(ops, netns, wanted, fresh);
    } else if (changed == links.by_netns.end()) {
      diff_netns(ops, netns, wanted, *present->second);
    } else {
      diff_netns(ops, netns, wanted, remaining_netns(wanted, *present->second, changed->second));
    }
  }
  std::stable_sort(ops.begin(), ops.end(), is_before);
  return ops;
}

void call_by(const Renames& names, NetnsName& netns) {
  if (const auto found = names.find(netns); found != names.end()) netns = found->second;
}

// What is done before the renames is done under the names from before them.
void call_as_observed(Op& op, const Renames& former) {
  if (op.phase >= Phase::kRenameNetns) return;
  call_by(former, op.netns);
  if (auto* const attachment = std::get_if<Attachment>(&op.object)) {
    call_by(former, attachment->process.netns);
  }
}

}  // namespace

std::string to_text(const Op& op) {
  return std::visit([&](const auto& object) { return text_of(op, object); }, op.object);
}

Result<ChangeSet> diff(const KernelState& desired, const KernelState& observed,
                       const Renames& renames) {
  const Renames now = due(renames, desired, observed);
  if (now.empty()) return compare(desired, observed);
  Renames forward = now;
  Renames former;
  for (const auto& [from, to] : now) {
    former[to] = from;
    if (observed.count(to) == 0) continue;
    forward[to] = replaced_name(to);
    former[replaced_name(to)] = to;
  }
  ASSIGN_OR_RETURN(ChangeSet ops, compare(desired, renamed(observed, forward)));
  for (Op& op : ops) call_as_observed(op, former);
  for (const auto& [from, to] : now) {
    ops.push_back({Phase::kRenameNetns, Verb::kChange, from, NetnsRename{to}});
  }
  std::stable_sort(ops.begin(), ops.end(), is_before);
  return ops;
}

ChangeSet by_way_of(ChangeSet ops, const Firewalls& meanwhile) {
  ChangeSet held_back;
  std::erase_if(ops, [&](Op& op) {
    auto* const change = std::get_if<FirewallChange>(&op.object);
    if (change == nullptr || op.verb != Verb::kChange) return false;
    const auto found = meanwhile.find(op.netns);
    if (found == meanwhile.end() || found->second == change->desired) return false;
    held_back.push_back({Phase::kOpenFirewall, Verb::kChange, op.netns,
                         FirewallChange{change->desired, found->second}});
    change->desired = found->second;
    return change->desired == change->observed;
  });
  ops.insert(ops.end(), std::make_move_iterator(held_back.begin()),
             std::make_move_iterator(held_back.end()));
  return ops;
}

}  // namespace egress::state
