// SPDX-License-Identifier: MIT
// Changing one object of a namespace. "Already so" is success, and this is where that is known.
#include <linux/netlink.h>

#include <algorithm>
#include <cerrno>
#include <initializer_list>
#include <set>

#include "kernel/netns_handle.hpp"
#include "kernel/rtnl/filter_codec.hpp"
#include "kernel/sysctl_file.hpp"
#include "kernel/tun/device.hpp"

namespace egress::kernel {
namespace {

using state::Verb;

// What the kernel says of things that are gone already.
Status tolerate(Status status, std::initializer_list<int> gone) {
  if (status.ok()) return status;
  if (std::find(gone.begin(), gone.end(), status.error().sys_errno) == gone.end()) return status;
  return {};
}

bool is_errno(const Status& status, int sys_errno) {
  return !status.ok() && status.error().sys_errno == sys_errno;
}

// What is in `before` and no longer in `after`.
std::vector<state::Rule> lost(std::multiset<state::Rule> before,
                              const std::multiset<state::Rule>& after) {
  for (const state::Rule& rule : after) {
    if (const auto found = before.find(rule); found != before.end()) before.erase(found);
  }
  return {before.begin(), before.end()};
}

}  // namespace

template <typename Key>
Status NetnsHandle::remove_odd(std::multimap<Key, NlMessage>& odd, const Key& key) {
  const auto [first, last] = odd.equal_range(key);
  for (auto entry = first; entry != last; ++entry) {
    RETURN_IF_ERROR(tolerate(rtnl_.request(entry->second), {ESRCH, ENOENT, EADDRNOTAVAIL}));
  }
  odd.erase(first, last);
  return {};
}

Result<int> NetnsHandle::index_of(const std::string& link) {
  if (const auto known = link_indexes_.find(link); known != link_indexes_.end()) {
    return known->second;
  }
  ASSIGN_OR_RETURN(const ObservedLink found, read_link(link));
  return found.index;
}

Result<int> NetnsHandle::fresh_index(int parity) {
  constexpr int kFallbackDevices = 15;  // of tunnel modules, which read_links() leaves out
  if (last_index_ == 0) {
    ASSIGN_OR_RETURN(const std::vector<ObservedLink> links, read_links());
    last_index_ = kFallbackDevices;
    for (const ObservedLink& link : links) last_index_ = std::max(last_index_, link.index);
  }
  last_index_ += (last_index_ + 1) % 2 == parity ? 1 : 2;
  return last_index_;
}

Status NetnsHandle::create_pair(const state::LinkPair& pair, NetnsHandle& peer) {
  // Even here and odd there, and so never the same.
  ASSIGN_OR_RETURN(const int index, fresh_index(0));
  ASSIGN_OR_RETURN(const int peer_index, peer.fresh_index(1));
  RETURN_IF_ERROR(rtnl_.request(kernel::create_pair(pair, {index, peer_index}, peer.fd())));
  RETURN_IF_ERROR(complete(pair.here, index));
  return peer.complete(pair.there, peer_index);
}

// Namespaces of ours are born without IPv6, and links in them likewise.
Status NetnsHandle::complete(const state::Link& link, int link_index) {
  if (link.ipv6) RETURN_IF_ERROR(set_ipv6(link.name, true));
  RETURN_IF_ERROR(rtnl_.request(complete_settings(link)));
  if (link.flow_cache == state::FlowCache::kNone) return {};
  return link.up ? add_hooks_to(link_index) : hook(link.flow_cache, link_index);
}

// The filters come with the later op that brings a link up: to those that hooks find already
// there, the kernel leads them only when everybody has let go of what the new hooks were
// (sch_generic.c, mini_qdisc_pair_swap()), and that is a wait for each link.
Status NetnsHandle::add_hooks_to(int link_index) {
  return tolerate(rtnl_.request(add_hooks(link_index)), {EEXIST});
}

Status NetnsHandle::hook(state::FlowCache wanted, int link_index) {
  RETURN_IF_ERROR(add_hooks_to(link_index));
  return set_filters(wanted);
}

// What has been made since the last reading is as it is desired.
bool NetnsHandle::had_hooks(const std::string& link) const {
  if (!reading_) return false;
  return std::any_of(reading_->links.begin(), reading_->links.end(), [&](const ObservedLink& each) {
    return each.link.name == link && each.link.flow_cache != state::FlowCache::kNone;
  });
}

// The kernel calls what is not there invalid, too.
Status NetnsHandle::unhook(int link_index) {
  filters_.reset();
  return tolerate(rtnl_.request(remove_hooks(link_index)), {ENOENT, EINVAL});
}

Status NetnsHandle::set_filters(state::FlowCache wanted) {
  if (filters_ == wanted) return {};
  const std::map<Hook, uint32_t> classes = {{Hook::kIngress, number_in_filters(identity_)},
                                            {Hook::kEgress, class_of_flow_cache(wanted)}};
  for (const auto& [hook, class_id] : classes) {
    const int program = shared_.flow_cache->fd(hook);
    if (program < 0) {
      return Error{.code = Errc::kUnsupported, .message = *shared_.flow_cache->why_not()};
    }
    RETURN_IF_ERROR(rtnl_.request(flush_filters(hook)));
    RETURN_IF_ERROR(
        rtnl_.request(set_filter(hook, program, FlowCachePrograms::filter_name(hook), class_id)));
  }
  filters_ = wanted;
  return {};
}

Status NetnsHandle::set_ipv6(const std::string& link, bool on) {
  return open_inside(netns_.get(), [&] { return switch_ipv6(link, on); });
}

Status NetnsHandle::create_tun(const state::Link& link) {
  ASSIGN_OR_RETURN(const int index, fresh_index(0));
  RETURN_IF_ERROR(open_inside(netns_.get(), [&] { return kernel::create_tun(link.name, index); }));
  return complete(link, index);
}

Status NetnsHandle::delete_link(const std::string& name) {
  return tolerate(rtnl_.request(kernel::delete_link(name)), {ENODEV});
}

Status NetnsHandle::delete_links(const std::vector<int>& indexes) {
  constexpr uint32_t kLeaving = 0x65676c76;  // a link group that nobody else has
  for (const int index : indexes) {
    RETURN_IF_ERROR(tolerate(rtnl_.request(join_link_group(index, kLeaving)), {ENODEV}));
  }
  return tolerate(rtnl_.request(delete_link_group(kLeaving)), {ENODEV});
}

Status NetnsHandle::change(const state::LinkSettings& settings) {
  RETURN_IF_ERROR(remove_odd(odd_qdiscs_, settings.link.name));
  ASSIGN_OR_RETURN(const ObservedLink current, read_link(settings.link.name));
  if (settings.link.ipv6 != current.link.ipv6 && current.ipv6_settings) {
    RETURN_IF_ERROR(set_ipv6(settings.link.name, settings.link.ipv6));
  }
  if (auto change = change_settings(settings.link, current)) {
    RETURN_IF_ERROR(rtnl_.request(*change));
  }
  if (settings.link.flow_cache != state::FlowCache::kNone) {
    RETURN_IF_ERROR(hook(settings.link.flow_cache, current.index));
  } else if (had_hooks(settings.link.name)) {
    RETURN_IF_ERROR(unhook(current.index));
  }
  if (current.link.up == settings.link.up) return {};
  return rtnl_.request(change_up(settings.link));
}

Result<int> NetnsHandle::open_sysctl(const std::string& name) {
  if (const auto known = sysctls_.find(name); known != sysctls_.end()) return known->second.get();
  ASSIGN_OR_RETURN(UniqueFd file,
                   open_inside(netns_.get(), [&] { return open_sysctl_file(name); }));
  return sysctls_.emplace(name, std::move(file)).first->second.get();
}

// A setting that nobody wants any more stays as it is: there is nothing to go back to.
Status NetnsHandle::apply(Verb verb, const state::Sysctl& sysctl) {
  if (verb == Verb::kRemove) {
    sysctls_.erase(sysctl.name);
    return {};
  }
  ASSIGN_OR_RETURN(const auto rp_filter, read_all_rp_filter());
  if (rp_filter == sysctl) return {};
  ASSIGN_OR_RETURN(const int file, open_sysctl(sysctl.name));
  return write_sysctl(file, sysctl.value);
}

// Without taking it away, which would take with it whatever else its link has.
Status NetnsHandle::complete_address(const state::Address& address, int link_index) {
  RETURN_IF_ERROR(rtnl_.request(set_address(address, link_index, NLM_F_REPLACE)));
  for (const RouteOfAddress& route : routes_of(address)) {
    RETURN_IF_ERROR(tolerate(
        rtnl_.request(set_route_of_address(route, address.address, link_index)), {EEXIST}));
  }
  return {};
}

Status NetnsHandle::apply(Verb verb, const state::Address& address) {
  state::Address incomplete = address;
  incomplete.complete = false;
  RETURN_IF_ERROR(remove_odd(odd_addresses_, incomplete));
  const bool was_incomplete = incomplete_addresses_.erase(incomplete) != 0;
  const auto index = index_of(address.link);
  if (verb == Verb::kRemove) {
    // One that has been completed meanwhile is another one by now.
    if (!index.ok() || (!address.complete && !was_incomplete)) return {};
    return tolerate(rtnl_.request(delete_address(address, *index)), {EADDRNOTAVAIL, ENODEV});
  }
  if (!index.ok()) return index.error();
  if (was_incomplete) return complete_address(address, *index);
  return tolerate(rtnl_.request(set_address(address, *index, NLM_F_EXCL)), {EEXIST});
}

Status NetnsHandle::apply(Verb verb, const state::Neighbour& neighbour) {
  const auto index = index_of(neighbour.link);
  if (verb == Verb::kRemove) {
    if (!index.ok()) return {};
    return tolerate(rtnl_.request(delete_neighbour(neighbour, *index)), {ENOENT, ENODEV});
  }
  if (!index.ok()) return index.error();
  if (verb == Verb::kAdd) {
    Status status = rtnl_.request(set_neighbour(neighbour, *index, NLM_F_EXCL));
    if (!is_errno(status, EEXIST)) return status;
    ASSIGN_OR_RETURN(const auto present,
                     rtnl_.ask(get_neighbour(neighbour, *index), [&](const nlmsghdr& reply) {
                       return decode_neighbour(reply, link_names_);
                     }));
    if (present == neighbour) return {};
    if (present) return status;
    // What the kernel learnt by itself gives way.
  }
  return rtnl_.request(set_neighbour(neighbour, *index, NLM_F_REPLACE));
}

Result<std::optional<state::Route>> NetnsHandle::find_route(const state::RouteKey& key) {
  std::optional<state::Route> found;
  RETURN_IF_ERROR(rtnl_.dump(list_routes(key.table), [&](const nlmsghdr& reply) {
    auto route = decode_route(reply, link_names_);
    if (route && !found && state::key_of(route->value) == key) found = std::move(route->value);
  }));
  return found;
}

Status NetnsHandle::add_route(const state::Route& route, int link_index) {
  Status status = rtnl_.request(set_route(route, link_index, NLM_F_EXCL));
  if (!is_errno(status, EEXIST)) return status;
  ASSIGN_OR_RETURN(const auto present, find_route(state::key_of(route)));
  return present == route ? Status() : status;
}

Status NetnsHandle::apply(Verb verb, const state::Route& route) {
  const state::RouteKey key = state::key_of(route);
  RETURN_IF_ERROR(remove_odd(odd_routes_, key));
  if (verb == Verb::kRemove) {
    return tolerate(rtnl_.request(delete_route(key)), {ESRCH, ENOENT});
  }
  int link_index = 0;
  if (leads_to_link(route.kind)) {
    ASSIGN_OR_RETURN(link_index, index_of(route.link));
  }
  if (verb == Verb::kAdd) return add_route(route, link_index);
  return rtnl_.request(set_route(route, link_index, NLM_F_REPLACE));
}

Status NetnsHandle::apply(Verb verb, const state::Rule& rule) {
  if (odd_rules_.count(rule) != 0) return remove_odd(odd_rules_, rule);
  if (verb == Verb::kRemove) return remove_rule(rule);
  return tolerate(rtnl_.request(add_rule(rule)), {EEXIST});
}

Result<std::multiset<state::Rule>> NetnsHandle::plain_rules() {
  std::multiset<state::Rule> rules;
  RETURN_IF_ERROR(rtnl_.dump(list_rules(), [&](const nlmsghdr& reply) {
    const auto rule = decode_rule(reply);
    if (rule && !rule->removal) rules.insert(rule->value);
  }));
  return rules;
}

// The kernel takes the first rule that agrees in what a request gives, and a rule without a mark or
// an interface cannot ask for their absence. What was taken by mistake is put back.
Status NetnsHandle::remove_rule(const state::Rule& rule) {
  ASSIGN_OR_RETURN(const std::multiset<state::Rule> before, plain_rules());
  if (before.count(rule) == 0) return {};
  std::multiset<state::Rule> after = before;
  while (after.count(rule) == before.count(rule)) {
    RETURN_IF_ERROR(tolerate(rtnl_.request(delete_rule(rule)), {ENOENT}));
    ASSIGN_OR_RETURN(after, plain_rules());
  }
  for (const state::Rule& other : lost(before, after)) {
    if (other == rule) continue;
    RETURN_IF_ERROR(rtnl_.request(add_rule(other)));
  }
  return {};
}

}  // namespace egress::kernel
