// SPDX-License-Identifier: MIT
#include "tests/support/fake_kernel.hpp"

#include <algorithm>
#include <cerrno>

#include "base/move_key.hpp"
#include "state/routing_tables.hpp"

namespace egress::testing_support {
namespace {

using state::Address;
using state::kMainTable;
using state::Link;
using state::LinkKind;
using state::LinkPeer;
using state::Neighbour;
using state::NetnsState;
using state::Op;
using state::Route;
using state::RouteKind;
using state::Verb;

constexpr size_t kLongestLinkName = 15;
constexpr size_t kLongestAlias = 255;

Error refusal(const Op& op, int sys_errno) {
  return Error::from_errno(to_text(op), sys_errno);
}

template <typename Objects, typename Predicate>
void erase_where(Objects& objects, Predicate predicate) {
  for (auto it = objects.begin(); it != objects.end();) {
    it = predicate(*it) ? objects.erase(it) : std::next(it);
  }
}

// A link that goes down or has no address left: its routes and neighbours go, even permanent ones.
void drop_routes_and_neighbours(NetnsState& netns, const std::string& link) {
  erase_where(netns.routes, [&](const auto& entry) { return entry.second.link == link; });
  erase_where(netns.neighbours, [&](const Neighbour& entry) { return entry.link == link; });
}

bool holds(const NetnsState& netns, Ipv4Address address) {
  return std::any_of(netns.addresses.begin(), netns.addresses.end(),
                     [&](const Address& held) { return held.address == address; });
}

bool has_address(const NetnsState& netns, const std::string& link) {
  return std::any_of(netns.addresses.begin(), netns.addresses.end(),
                     [&](const Address& held) { return held.link == link; });
}

// The main table loses the routes that a vanished address was the source of, other tables do not.
void drop_routes_from(NetnsState& netns, Ipv4Address address) {
  if (holds(netns, address)) return;
  erase_where(netns.routes, [&](const auto& entry) {
    return entry.first.table == kMainTable && entry.second.source == address;
  });
}

bool is_connected(const Address& address, const std::string& link, Ipv4Address gateway) {
  if (address.link != link || address.prefix_length == 32) return false;
  const Ipv4Prefix whole{{0}, address.prefix_length};
  return (address.address.bits & whole.mask()) == (gateway.bits & whole.mask());
}

// While a namespace has no table of local addresses, its kernel takes every gateway for a broadcast
// address. (The table, once made, stays; here it goes with lo, which nobody takes down.)
bool knows_local_addresses(const NetnsState& netns) {
  const auto lo = netns.links.find("lo");
  return !netns.addresses.empty() || (lo != netns.links.end() && lo->second.up);
}

// As the kernel resolves a gateway: by the route's own table, then by the main one.
bool reaches_gateway(const NetnsState& netns, const Route& route) {
  if (route.onlink) return true;
  const bool connected = std::any_of(
      netns.addresses.begin(), netns.addresses.end(),
      [&](const Address& address) { return is_connected(address, route.link, *route.gateway); });
  return connected || std::any_of(netns.routes.begin(), netns.routes.end(), [&](const auto& entry) {
           const Route& other = entry.second;
           return (other.table == route.table || other.table == kMainTable) && !other.gateway &&
                  other.link == route.link && other.destination.contains(*route.gateway);
         });
}

bool is_within_limits(const Link& link) {
  return link.name.size() <= kLongestLinkName && link.alias.size() <= kLongestAlias;
}

bool is_file_name(const std::string& name) {
  return !name.empty() && name.front() != '.' && name.find('/') == std::string::npos;
}

bool has_long_name(const auto& named) {
  return std::any_of(named.begin(), named.end(),
                     [](const auto& entry) { return entry.first.size() > state::kNftLongestName; });
}

}  // namespace

Result<state::KernelState> FakeKernel::observe() {
  if (std::exchange(fail_observe_, false)) {
    return Error{.code = Errc::kKernel, .sys_errno = ENOBUFS, .message = "injected"};
  }
  foreign_ = others_;
  lost_a_process_ = false;
  return state_;
}

void FakeKernel::set_foreign(const state::NetnsName& name, const state::ForeignNetns& what) {
  remove_netns(name);
  others_[name] = what;
}

Status FakeKernel::apply(const Op& op) {
  const size_t index = applied_++;
  if (failing_index_ == index || (failing_ && failing_(op))) {
    return Error{.code = Errc::kKernel, .sys_errno = EIO, .message = to_text(op)};
  }
  const bool is_of_netns = std::holds_alternative<state::NetnsObject>(op.object) ||
                           std::holds_alternative<state::NetnsRename>(op.object);
  if (!is_of_netns && state_.count(op.netns) == 0) {
    return op.verb == Verb::kRemove ? Status() : refusal(op, ENOENT);
  }
  return std::visit([&](const auto& object) { return perform(op, object); }, op.object);
}

void FakeKernel::end_process(const state::ProcessRef& process) {
  state_.at(process.netns)->processes.erase(process.name);
  drop_attachments_of(process);
  programs_.erase(process);
  lost_a_process_ = true;
}

Link* FakeKernel::find_link(const LinkPeer& end) {
  const auto netns = state_.find(end.netns);
  if (netns == state_.end()) return nullptr;
  const auto link = netns->second->links.find(end.name);
  return link == netns->second->links.end() ? nullptr : &link->second;
}

void FakeKernel::remove_one_end(const LinkPeer& end) {
  if (find_link(end) == nullptr) return;
  NetnsState& netns = state_.at(end.netns).change();
  drop_routes_and_neighbours(netns, end.name);
  std::vector<Ipv4Address> lost;
  erase_where(netns.addresses, [&](const Address& address) {
    if (address.link != end.name) return false;
    lost.push_back(address.address);
    return true;
  });
  netns.links.erase(end.name);
  for (const Ipv4Address& address : lost) drop_routes_from(netns, address);
}

void FakeKernel::remove_link(const LinkPeer& end) {
  const Link* link = find_link(end);
  if (link == nullptr) return;
  const LinkPeer peer = link->peer;
  const Link* other = find_link(peer);
  const bool mutual = other != nullptr && other->peer == end;
  remove_one_end(end);
  if (mutual) remove_one_end(peer);
}

Status FakeKernel::perform(const Op& op, const state::NetnsObject&) {
  if (op.verb == Verb::kRemove) {
    remove_netns(op.netns);
  } else if (others_.count(op.netns) != 0) {
    return refusal(op, EEXIST);
  } else {
    state_.try_emplace(op.netns, state::fresh_netns());
  }
  return {};
}

Status FakeKernel::perform(const Op& op, const state::NetnsRename& rename) {
  const bool is_there = state_.count(rename.to) != 0;
  if (state_.count(op.netns) == 0) return is_there ? Status() : refusal(op, ENOENT);
  if (is_there || others_.count(rename.to) != 0) return refusal(op, EEXIST);
  for (const auto& [name, process] : std::as_const(state_).at(op.netns)->processes) {
    move_key(programs_, {op.netns, name}, {rename.to, name});
  }
  move_key(flow_tables_, op.netns, rename.to);
  move_key(counters_, op.netns, rename.to);
  state_ = state::renamed(state_, {{op.netns, rename.to}});
  return {};
}

void FakeKernel::remove_netns(const state::NetnsName& netns) {
  const auto found = state_.find(netns);
  if (found == state_.end()) return;
  std::vector<std::string> names;
  for (const auto& [name, link] : found->second->links) names.push_back(name);
  for (const std::string& name : names) remove_link({netns, name});
  std::vector<std::string> processes;
  for (const auto& [name, process] : found->second->processes) processes.push_back(name);
  for (const std::string& name : processes) drop_attachments_of({netns, name});
  state_.erase(netns);
}

Status FakeKernel::perform(const Op& op, const state::Sysctl& sysctl) {
  state_.at(op.netns)->sysctls[sysctl.name] = sysctl;
  return {};
}

Status FakeKernel::perform(const Op& op, const state::FirewallChange& change) {
  auto& firewall = state_.at(op.netns)->firewall;
  const state::NftTable* table = change.desired.table.get();
  if (table != nullptr && (has_long_name(table->chains) || has_long_name(table->maps))) {
    return refusal(op, EINVAL);
  }
  if (op.verb == Verb::kRemove) {
    firewall.reset();
  } else {
    firewall = change.desired;
  }
  return {};
}

Status FakeKernel::add_pair(const Op& op, const state::LinkPair& pair) {
  const LinkPeer here{op.netns, pair.here.name};
  const LinkPeer there = pair.here.peer;
  if (pair.here.kind == LinkKind::kTun) return add_tun(op, pair.here);
  if (state_.count(there.netns) == 0) return refusal(op, ENOENT);
  if (!is_within_limits(pair.here) || !is_within_limits(pair.there)) return refusal(op, ERANGE);
  const Link* old_here = find_link(here);
  const Link* old_there = find_link(there);
  if (old_here != nullptr || old_there != nullptr) {
    const bool equal = old_here != nullptr && old_there != nullptr && *old_here == pair.here &&
                       *old_there == pair.there;
    if (equal) return {};
    return refusal(op, EEXIST);
  }
  state_.at(here.netns)->links[here.name] = pair.here;
  state_.at(there.netns)->links[there.name] = pair.there;
  return {};
}

Status FakeKernel::add_tun(const Op& op, const Link& link) {
  if (!has_tun_) return refusal(op, ENOENT);
  if (!is_within_limits(link)) return refusal(op, ERANGE);
  const auto [there, is_new] = state_.at(op.netns)->links.try_emplace(link.name, link);
  return is_new || there->second == link ? Status() : refusal(op, EEXIST);
}

Status FakeKernel::perform(const Op& op, const state::LinkPair& pair) {
  if (op.verb == Verb::kAdd) return add_pair(op, pair);
  remove_link({op.netns, pair.here.name});
  return {};
}

Status FakeKernel::perform(const Op& op, const state::LinkSettings& settings) {
  Link* link = find_link({op.netns, settings.link.name});
  if (link == nullptr) return refusal(op, ENODEV);
  if (link->up && !settings.link.up)
    drop_routes_and_neighbours(state_.at(op.netns).change(), link->name);
  const LinkPeer peer = link->peer;
  const state::MacAddress mac = link->mac;
  const LinkKind kind = link->kind;
  *link = settings.link;
  link->peer = peer;
  link->mac = mac;
  link->kind = kind;
  return {};
}

Status FakeKernel::perform(const Op& op, const Address& address) {
  NetnsState& netns = state_.at(op.netns).change();
  const Link* link = find_link({op.netns, address.link});
  if (op.verb == Verb::kAdd) {
    if (link == nullptr) return refusal(op, ENODEV);
    netns.addresses.insert(address);
    return {};
  }
  if (netns.addresses.erase(address) == 0) return {};
  // `lo` keeps 127.0.0.1 of its own.
  if (address.link != "lo" && !has_address(netns, address.link))
    drop_routes_and_neighbours(netns, address.link);
  drop_routes_from(netns, address.address);
  return {};
}

Status FakeKernel::perform(const Op& op, const Neighbour& neighbour) {
  NetnsState& netns = state_.at(op.netns).change();
  if (op.verb == Verb::kRemove) {
    netns.neighbours.erase(neighbour);
    return {};
  }
  const Link* link = find_link({op.netns, neighbour.link});
  if (link == nullptr) return refusal(op, ENODEV);
  // The kernel makes one of 0.0.0.0 of it, which no packet asks for.
  if (link->kind == LinkKind::kTun) return refusal(op, EINVAL);
  const auto present =
      std::find_if(netns.neighbours.begin(), netns.neighbours.end(), [&](const Neighbour& other) {
        return other.link == neighbour.link && other.address == neighbour.address;
      });
  if (present != netns.neighbours.end()) {
    if (op.verb == Verb::kAdd && *present != neighbour) return refusal(op, EEXIST);
    netns.neighbours.erase(present);
  }
  netns.neighbours.insert(neighbour);
  return {};
}

Status FakeKernel::add_route(const Op& op, const Route& route) {
  NetnsState& netns = state_.at(op.netns).change();
  const auto present = netns.routes.find(key_of(route));
  const bool exists = present != netns.routes.end();
  if (exists && present->second == route) return {};
  if (exists && op.verb == Verb::kAdd) return refusal(op, EEXIST);
  if (state::leads_to_link(route.kind)) {
    const Link* link = find_link({op.netns, route.link});
    if (link == nullptr) return refusal(op, ENODEV);
    if (!link->up) return refusal(op, ENETDOWN);
    if (route.onlink && !knows_local_addresses(netns)) return refusal(op, EINVAL);
    if (route.gateway && !reaches_gateway(netns, route)) return refusal(op, ENETUNREACH);
  }
  if (route.source && !holds(netns, *route.source)) return refusal(op, EINVAL);
  netns.routes[key_of(route)] = route;
  return {};
}

Status FakeKernel::perform(const Op& op, const Route& route) {
  if (op.verb != Verb::kRemove) return add_route(op, route);
  NetnsState& netns = state_.at(op.netns).change();
  const auto present = netns.routes.find(key_of(route));
  if (present != netns.routes.end() && present->second == route) netns.routes.erase(present);
  return {};
}

Status FakeKernel::perform(const Op& op, const state::Rule& rule) {
  auto& rules = state_.at(op.netns)->rules;
  const auto present = rules.find(rule);
  if (op.verb == Verb::kRemove) {
    if (present != rules.end()) rules.erase(present);
  } else if (present == rules.end()) {
    rules.insert(rule);
  }
  return {};
}

Status FakeKernel::perform(const Op& op, const state::Process& process) {
  auto& running = state_.at(op.netns)->processes;
  const bool named_files = std::all_of(process.files.begin(), process.files.end(),
                                       [](const auto& file) { return is_file_name(file.first); });
  if (!is_file_name(process.name) || !named_files) {
    return Error{.code = Errc::kInvalid, .message = to_text(op)};
  }
  if (op.verb == Verb::kRemove) {
    running.erase(process.name);
    drop_attachments_of({op.netns, process.name});
    return {};
  }
  if (op.verb == Verb::kChange) {
    const auto there = running.find(process.name);
    if (there == running.end() || !becomes_by_rereading(there->second, process)) {
      return Error{.code = Errc::kNotFound, .message = to_text(op)};
    }
    there->second = process;
    return {};
  }
  const auto [there, is_new] = running.try_emplace(process.name, process);
  return is_new || there->second == process ? Status() : refusal(op, EBUSY);
}

void FakeKernel::drop_attachments_of(const state::ProcessRef& process) {
  for (auto& [name, netns] : state_) {
    std::erase_if(netns.change().attachments,
                  [&](const auto& entry) { return entry.second.process == process; });
  }
}

Status FakeKernel::perform(const Op& op, const state::Attachment& attachment) {
  auto& attachments = state_.at(op.netns)->attachments;
  if (op.verb == Verb::kRemove) {
    const auto present = attachments.find(attachment.name);
    if (present != attachments.end() && present->second.process == attachment.process) {
      attachments.erase(present);
    }
    return {};
  }
  const auto home = state_.find(attachment.process.netns);
  if (home == state_.end() || home->second->processes.count(attachment.process.name) == 0) {
    return refusal(op, ENOENT);
  }
  if (!attachment.settings) return Error{.code = Errc::kInvalid, .message = to_text(op)};
  attachments[attachment.name] = attachment;
  return {};
}

}  // namespace egress::testing_support
