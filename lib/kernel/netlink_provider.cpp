// SPDX-License-Identifier: MIT
#include "kernel/netlink_provider.hpp"

#include <cerrno>
#include <type_traits>
#include <utility>

#include "kernel/rtnl/peers.hpp"

namespace egress::kernel {
namespace {

using state::NetnsName;
using state::Op;
using state::Verb;

template <typename Object>
constexpr bool kIsOthers =
    std::is_same_v<Object, state::FirewallChange> || std::is_same_v<Object, state::Process> ||
    std::is_same_v<Object, state::Attachment>;

// Several of these in a row are followed by one removal of links.
bool leaves_orphans(const Op& op) {
  if (op.verb != Verb::kRemove) return false;
  const auto* const pair = std::get_if<state::LinkPair>(&op.object);
  return std::holds_alternative<state::NetnsObject>(op.object) ||
         (pair != nullptr && pair->here.kind == state::LinkKind::kTun);
}

bool is_missing(const Error& error) {
  return error.code == Errc::kNotFound;
}

}  // namespace

Status NetlinkProvider::observe(state::KernelState& observed) {
  remove_orphaned_links();
  RETURN_IF_ERROR(held_.refresh(*expected_));
  RETURN_IF_ERROR(read_changed(observed));
  const auto is_gone = [&](const auto& entry) { return held_.find(entry.first) == nullptr; };
  std::erase_if(observed, is_gone);
  if (std::erase_if(known_, is_gone) != 0) links_changed_ = true;
  if (links_changed_) RETURN_IF_ERROR(find_peers(observed));
  links_changed_ = false;
  return {};
}

Status NetlinkProvider::ask_for_sysctls(const NetnsName& netns, NetnsHandle& handle) const {
  const auto expected = expected_->find(netns);
  if (expected == expected_->end()) return {};
  for (const auto& [name, sysctl] : expected->second->sysctls) {
    RETURN_IF_ERROR(handle.ask_for_sysctl(name));
  }
  return {};
}

Status NetlinkProvider::read_changed(state::KernelState& observed) {
  state::ForeignNames lost;
  for (auto& [netns, handle] : held_.all()) {
    RETURN_IF_ERROR(ask_for_sysctls(netns, handle));
    auto reading = handle.read();
    if (!reading.ok()) return std::move(reading).error().in("observe " + netns);
    const NetnsHandle::ReadingPtr& found = *reading;
    NetnsHandle::ReadingPtr& known = known_[netns];
    if (known == found) continue;
    if (auto foreign = held_.owner().judge(handle.identity(), found->alias)) {
      lost.emplace(netns, *std::move(foreign));
      continue;
    }
    if (!known || known->identity != found->identity || known->links != found->links) {
      links_changed_ = true;
    }
    state::NetnsState state = found->state;
    state::NetnsState& there = observed[netns].change();
    state.links = std::move(there.links);
    state.firewall = std::move(there.firewall);
    state.processes = std::move(there.processes);
    state.attachments = std::move(there.attachments);
    there = std::move(state);
    known = found;
  }
  for (const auto& [netns, foreign] : lost) held_.lose(netns, foreign);
  return {};
}

Status NetlinkProvider::find_peers(state::KernelState& observed) {
  std::map<NetnsName, NetnsLinks> all;
  for (auto& [netns, handle] : held_.all()) {
    all[netns] = {known_.at(netns)->links, handle.name(), &handle.names_by_nsid()};
  }
  RETURN_IF_ERROR(resolve_peers(all, [&](const NetnsName& from, const NetnsName& other) {
    return held_.find(from)->nsid_of(*held_.find(other));
  }));
  for (auto& [netns, found] : all) {
    std::map<std::string, state::Link> links;
    for (ObservedLink& link : found.links) links[link.link.name] = std::move(link.link);
    CopyOnWrite<state::NetnsState>& there = observed.at(netns);
    if (std::as_const(there)->links != links) there->links = std::move(links);
  }
  return {};
}

bool NetlinkProvider::provides(const state::Object& object) const {
  return std::visit([](const auto& held) { return !kIsOthers<std::decay_t<decltype(held)>>; },
                    object);
}

// Stands before its use, behind which clang 14 does not find it.
template <typename Object>
Status NetlinkProvider::perform(const Op& op, const Object& object) {
  auto held = held_.changing(op.netns);
  if (held.ok()) return (*held)->apply(op.verb, object);
  return missing_or_error(op, std::move(held).error());
}

Status NetlinkProvider::apply(const Op& op) {
  if (!leaves_orphans(op)) remove_orphaned_links();
  return std::visit(
      [&](const auto& object) -> Status {
        if constexpr (kIsOthers<std::decay_t<decltype(object)>>) {
          return Error{.code = Errc::kInvalid, .message = "no object of rtnetlink"};
        } else {
          return perform(op, object);
        }
      },
      op.object);
}

Status NetlinkProvider::perform(const Op& op, const state::NetnsObject&) {
  return op.verb == Verb::kRemove ? remove_netns(op.netns) : add_netns(op.netns);
}

Status NetlinkProvider::perform(const Op& op, const state::NetnsRename& rename) {
  const auto held = held_.get(op.netns);
  if (!held.ok()) {
    return is_missing(held.error()) && held_.get(rename.to).ok() ? Status() : held.error();
  }
  ASSIGN_OR_RETURN(const std::string alias, (*held)->read_alias());
  if (const auto lost = held_.owner().judge((*held)->identity(), alias)) {
    held_.lose(op.netns, *lost);
    return Error{.code = Errc::kNotFound, .message = to_text(op.netns, *lost)};
  }
  return held_.rename(op.netns, rename.to);
}

Status NetlinkProvider::perform(const Op& op, const state::LinkPair& pair) {
  auto here = held_.changing(op.netns);
  if (op.verb == Verb::kRemove) {
    forget_links(op.netns);
    forget_links(pair.here.peer.netns);
  }
  if (!here.ok()) return missing_or_error(op, std::move(here).error());
  const bool is_tun = pair.here.kind == state::LinkKind::kTun;
  if (op.verb == Verb::kRemove) {
    return is_tun ? remove_tun(**here, op.netns, pair.here) : (*here)->delete_link(pair.here.name);
  }
  if (is_tun) return add_tun(**here, pair.here);
  return add_pair(**here, op.netns, pair);
}

Status NetlinkProvider::add_pair(NetnsHandle& here, const NetnsName& name,
                                 const state::LinkPair& pair) {
  if (pair.there.peer != state::LinkPeer{name, pair.here.name} ||
      pair.there.name != pair.here.peer.name) {
    return Error{.code = Errc::kInvalid, .message = "two links that are not each other's peers"};
  }
  ASSIGN_OR_RETURN(NetnsHandle* const there, held_.changing(pair.here.peer.netns));
  Status status = here.create_pair(pair, *there);
  if (status.ok() || status.error().sys_errno != EEXIST) return status;
  ASSIGN_OR_RETURN(const bool already, is_pair(here, pair, *there));
  return already ? Status() : status;
}

Result<bool> NetlinkProvider::is_pair(NetnsHandle& here, const state::LinkPair& pair,
                                      NetnsHandle& there) {
  auto one = here.read_link(pair.here.name);
  auto other = there.read_link(pair.there.name);
  if (!one.ok() || !other.ok()) return false;
  ASSIGN_OR_RETURN(const std::optional<int> nsid, here.nsid_of(there));
  const bool joined = one->peer_index == other->index && other->peer_index == one->index &&
                      (one->peer_nsid ? one->peer_nsid == nsid : &here == &there);
  one->link.peer = pair.here.peer;
  other->link.peer = pair.there.peer;
  return joined && one->link == pair.here && other->link == pair.there;
}

Status NetlinkProvider::add_tun(NetnsHandle& here, const state::Link& link) {
  Status status = here.create_tun(link);
  if (status.ok() || status.error().sys_errno != EEXIST) return status;
  const auto there = here.read_link(link.name);
  return there.ok() && there->link == link ? Status() : status;
}

Status NetlinkProvider::remove_tun(NetnsHandle& here, const NetnsName& name,
                                   const state::Link& link) {
  const auto there = here.read_link(link.name);
  if (there.ok()) orphaned_links_[name].push_back(there->index);
  return there.ok() || is_missing(there.error()) ? Status() : there.error();
}

Status NetlinkProvider::perform(const Op& op, const state::LinkSettings& settings) {
  ASSIGN_OR_RETURN(NetnsHandle* const held, held_.changing(op.netns));
  return held->change(settings);
}

Status NetlinkProvider::add_netns(const NetnsName& netns) {
  const auto held = held_.get(netns);
  if (held.ok()) return {};
  if (!is_missing(held.error())) return held.error();
  if (held_.foreign().count(netns) == 0) return held_.directory().create(netns);
  return Error{.code = Errc::kExists, .message = held.error().message};
}

Status NetlinkProvider::remove_netns(const NetnsName& netns) {
  auto held = held_.get(netns);
  if (!held.ok()) return is_missing(held.error()) ? Status() : held.error();
  ASSIGN_OR_RETURN(const std::string alias, (*held)->read_alias());
  const NetnsIdentity identity = (*held)->identity();
  if (const auto lost = held_.owner().judge(identity, alias)) {
    held_.lose(netns, *lost);
    return {};
  }
  // What has happened since then is mostly the kernel clearing away what we removed before.
  ASSIGN_OR_RETURN(const NetnsHandle::ReadingPtr reading, (*held)->last_reading());
  for (const ObservedLink& link : reading->links) {
    if (!link.peer_nsid) continue;
    ASSIGN_OR_RETURN(const NetnsName other, name_by_nsid(**held, *link.peer_nsid));
    if (!other.empty()) orphaned_links_[other].push_back(link.peer_index);
  }
  held_.close(netns);
  RETURN_IF_ERROR(held_.directory().remove(netns, identity));
  return held_.all().empty() ? held_.directory().remove_leftovers() : Status();
}

// Empty when it is none of those held.
Result<NetnsName> NetlinkProvider::name_by_nsid(NetnsHandle& from, int nsid) {
  auto& names = from.names_by_nsid();
  if (const auto known = names.find(nsid); known != names.end()) {
    return name_of(known->second);
  }
  for (const auto& [name, other] : held_.all()) {
    ASSIGN_OR_RETURN(const std::optional<int> called, from.nsid_of(other));
    if (called) names[*called] = other.name();
    if (called == nsid) return name;
  }
  return NetnsName();
}

// What cannot be removed is still there at the next observation, which reports it as drift.
void NetlinkProvider::remove_orphaned_links() {
  const auto orphans = std::exchange(orphaned_links_, {});
  for (const auto& [netns, indexes] : orphans) {
    if (NetnsHandle* const held = held_.find(netns)) (void)held->delete_links(indexes);
    forget_links(netns);
  }
}

void NetlinkProvider::forget_links(const NetnsName& netns) {
  if (NetnsHandle* const held = held_.find(netns)) held->forget_links();
}

}  // namespace egress::kernel
