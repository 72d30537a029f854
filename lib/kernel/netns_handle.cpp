// SPDX-License-Identifier: MIT
// Opening and reading; netns_changes.cpp has the rest.
#include "kernel/netns_handle.hpp"

#include <fcntl.h>
#include <linux/netlink.h>

#include <array>
#include <cerrno>

#include "kernel/high_fd.hpp"
#include "kernel/rtnl/filter_codec.hpp"
#include "kernel/rtnl/qdisc_codec.hpp"
#include "kernel/sysctl_file.hpp"

namespace egress::kernel {
namespace {

constexpr const char* kAllRpFilter = "net.ipv4.conf.all.rp_filter";

}  // namespace

NetnsHandle::NetnsHandle(const state::NetnsName& name, UniqueFd netns, NetnsIdentity identity,
                         const Shared& shared, NetlinkSocket rtnl, NetnsFirewall firewall)
    : name_(std::make_shared<const state::NetnsName>(name)),
      netns_(std::move(netns)),
      identity_(identity),
      shared_(shared),
      rtnl_(std::move(rtnl)),
      firewall_(std::move(firewall)) {}

Result<NetnsHandle> NetnsHandle::open(const state::NetnsName& name, UniqueFd netns,
                                      NetnsIdentity identity, const Shared& shared) {
  ASSIGN_OR_RETURN(UniqueFd high, move_high(std::move(netns)));
  ASSIGN_OR_RETURN(NetlinkSocket rtnl,
                   open_inside(high.get(), [] { return NetlinkSocket::open(NETLINK_ROUTE); }));
  ASSIGN_OR_RETURN(NetnsFirewall firewall, NetnsFirewall::open(high.get(), shared.feed));
  return NetnsHandle(name, std::move(high), identity, shared, std::move(rtnl), std::move(firewall));
}

Result<std::optional<int>> NetnsHandle::nsid_of(const NetnsHandle& other) {
  return rtnl_.ask(get_nsid(other.fd()), decode_nsid);
}

Result<NetnsHandle::ReadingPtr> NetnsHandle::read() {
  if (watch_ && watch_->heard()) distrust();
  if (trusted_) return reading_;
  // First: what changes while we read must be heard. And not before the first reading: telling
  // of all that is made would slow the making.
  if (!watch_) {
    ASSIGN_OR_RETURN(watch_, open_inside(netns_.get(), [&] {
                       return NetnsWatch::of_links_and_routes(shared_.feed);
                     }));
  }
  ASSIGN_OR_RETURN(Reading anew, read_anew());
  if (!reading_ || *reading_ != anew) {
    reading_ = std::make_shared<const Reading>(std::move(anew));
  }
  trusted_ = true;
  return reading_;
}

Result<NetnsHandle::ReadingPtr> NetnsHandle::last_reading() {
  return trusted_ ? reading_ : read();
}

Result<NetnsHandle::Reading> NetnsHandle::read_anew() {
  Reading reading{.identity = identity_};
  ASSIGN_OR_RETURN(reading.links, read_links());
  RETURN_IF_ERROR(read_qdiscs(reading.links));
  for (const ObservedLink& link : reading.links) reading.alias += link.loopback_alias;
  RETURN_IF_ERROR(read_addresses(reading.state));
  RETURN_IF_ERROR(read_neighbours(reading.state));
  std::set<RouteOfAddress> of_addresses;
  RETURN_IF_ERROR(read_routes(reading.state, of_addresses));
  for (const ObservedLink& link : reading.links) {
    const bool has_them = link.link.up && link.link.kind != state::LinkKind::kLoopback;
    if (has_them) mark_incomplete(reading.state, link, of_addresses);
  }
  RETURN_IF_ERROR(read_rules(reading.state));
  RETURN_IF_ERROR(read_sysctls(reading.state));
  return reading;
}

void NetnsHandle::note_link(const ObservedLink& link) {
  link_names_[link.index] = link.link.name;
  link_indexes_[link.link.name] = link.index;
}

Result<std::vector<ObservedLink>> NetnsHandle::read_links() {
  std::vector<ObservedLink> links;
  link_names_.clear();
  link_indexes_.clear();
  RETURN_IF_ERROR(rtnl_.dump(list_links(), [&](const nlmsghdr& reply) {
    if (auto link = decode_link(reply)) {
      note_link(*link);
      links.push_back(*std::move(link));
    }
  }));
  return links;
}

// Hooks without our filters are as good as anybody's queueing discipline.
Status NetnsHandle::read_qdiscs(std::vector<ObservedLink>& links) {
  odd_qdiscs_.clear();
  filters_.reset();
  bool some_hooks = false;
  std::multimap<int, AttachedQdisc> all;
  RETURN_IF_ERROR(rtnl_.dump(list_qdiscs(), [&](const nlmsghdr& reply) {
    auto attached = decode_attached_qdisc(reply);
    if (!attached) return;
    some_hooks = some_hooks || attached->is_hooks;
    all.emplace(attached->link_index, *std::move(attached));
  }));
  if (some_hooks) RETURN_IF_ERROR(read_filters());
  for (ObservedLink& link : links) {
    const auto [first, last] = all.equal_range(link.index);
    for (auto each = first; each != last; ++each) {
      if (each->second.is_hooks && filters_) {
        link.link.flow_cache = *filters_;
        continue;
      }
      link.link.qdisc += (link.link.qdisc.empty() ? "" : " ") + each->second.kind;
      odd_qdiscs_.emplace(link.link.name, std::move(each->second.removal));
    }
  }
  return {};
}

Status NetnsHandle::read_filters() {
  std::map<Hook, std::vector<AttachedFilter>> found;
  for (const Hook hook : {Hook::kIngress, Hook::kEgress}) {
    RETURN_IF_ERROR(rtnl_.dump(list_filters(hook), [&](const nlmsghdr& reply) {
      if (auto filter = decode_filter(reply)) found[hook].push_back(*std::move(filter));
    }));
    if (found[hook].size() != 1) return {};
  }
  const AttachedFilter& ingress = found[Hook::kIngress].front();
  const AttachedFilter& egress = found[Hook::kEgress].front();
  const bool ours = shared_.flow_cache->recognise(ingress.program, egress.program);
  if (ours && ingress.class_id == number_in_filters(identity_)) {
    filters_ = flow_cache_of_class(egress.class_id);
  }
  return {};
}

Result<ObservedLink> NetnsHandle::read_link(const std::string& name) {
  ASSIGN_OR_RETURN(auto link, rtnl_.ask(get_link(name), decode_link));
  if (!link) return Error{.code = Errc::kNotFound, .message = "no link " + name};
  note_link(*link);
  return *std::move(link);
}

Result<std::string> NetnsHandle::read_alias() {
  return loopback_alias(rtnl_);
}

Status NetnsHandle::read_addresses(state::NetnsState& state) {
  odd_addresses_.clear();
  incomplete_addresses_.clear();
  return rtnl_.dump(list_addresses(), [&](const nlmsghdr& reply) {
    auto address = decode_address(reply, link_names_);
    if (!address || address->value.link.empty()) return;
    if (address->removal) {
      odd_addresses_.emplace(address->value, *std::move(address->removal));
    } else if (!address->value.complete) {
      incomplete_addresses_.insert(address->value);
    }
    state.addresses.insert(address->value);
  });
}

Status NetnsHandle::read_neighbours(state::NetnsState& state) {
  return rtnl_.dump(list_neighbours(), [&](const nlmsghdr& reply) {
    auto neighbour = decode_neighbour(reply, link_names_);
    if (neighbour && !neighbour->link.empty()) state.neighbours.insert(*std::move(neighbour));
  });
}

// Deleting a route of an address leaves the address as it was, and the address is without effect.
void NetnsHandle::mark_incomplete(state::NetnsState& state, const ObservedLink& link,
                                  const std::set<RouteOfAddress>& routes) {
  std::vector<state::Address> incomplete;
  for (const state::Address& address : state.addresses) {
    if (address.link != link.link.name || !address.complete) continue;
    for (const RouteOfAddress& route : routes_of(address)) {
      if (routes.count(route) == 0) incomplete.push_back(address);
    }
  }
  for (state::Address& address : incomplete) {
    if (state.addresses.erase(address) == 0) continue;
    address.complete = false;
    incomplete_addresses_.insert(address);
    state.addresses.insert(address);
  }
}

Status NetnsHandle::read_routes(state::NetnsState& state, std::set<RouteOfAddress>& of_addresses) {
  odd_routes_.clear();
  return rtnl_.dump(list_routes(), [&](const nlmsghdr& reply) {
    if (auto of_address = decode_route_of_address(reply, link_names_)) {
      of_addresses.insert(*std::move(of_address));
      return;
    }
    auto route = decode_route(reply, link_names_);
    if (!route) return;
    const state::RouteKey key = state::key_of(route->value);
    if (route->removal) {
      odd_routes_.emplace(key, *std::move(route->removal));
      state.routes[key] = route->value;  // hides one of ours, so that the odd one shows
    } else {
      state.routes.emplace(key, route->value);
    }
  });
}

Status NetnsHandle::read_rules(state::NetnsState& state) {
  odd_rules_.clear();
  return rtnl_.dump(list_rules(), [&](const nlmsghdr& reply) {
    auto rule = decode_rule(reply);
    if (!rule) return;
    if (rule->removal) odd_rules_.emplace(rule->value, *std::move(rule->removal));
    state.rules.insert(rule->value);
  });
}

// The one setting that every namespace of ours has: by netlink it costs nothing to look at.
Result<std::optional<state::Sysctl>> NetnsHandle::read_all_rp_filter() {
  ASSIGN_OR_RETURN(const auto value, rtnl_.ask(get_all_rp_filter(), decode_rp_filter));
  if (!value) return std::optional<state::Sysctl>();
  return std::optional<state::Sysctl>({kAllRpFilter, std::to_string(*value)});
}

Status NetnsHandle::ask_for_sysctl(const std::string& name) {
  if (name == kAllRpFilter || sysctls_.contains(name)) return {};
  distrust();
  const auto file = open_sysctl(name);
  // One of a module that is not loaded yet differs from what is wanted.
  if (!file.ok() && file.error().sys_errno != ENOENT) return file.error();
  return {};
}

Status NetnsHandle::read_sysctls(state::NetnsState& state) {
  ASSIGN_OR_RETURN(const auto rp_filter, read_all_rp_filter());
  if (rp_filter) state.sysctls[rp_filter->name] = *rp_filter;
  for (const auto& [name, file] : sysctls_) {
    if (state.sysctls.count(name) != 0) continue;
    ASSIGN_OR_RETURN(const std::string value, read_sysctl(file.get()));
    state.sysctls[name] = {name, value};
  }
  return {};
}

}  // namespace egress::kernel
