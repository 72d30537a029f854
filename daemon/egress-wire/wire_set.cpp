// SPDX-License-Identifier: MIT
#include "egress-wire/wire_set.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/stable_hash.hpp"
#include "kernel/netns_scope.hpp"
#include "kernel/tun/device.hpp"

namespace egress::wires {
namespace {

// A namespace that has been made anew under its name is another one.
Result<std::string> identity_of(const std::string& netns, int netns_fd) {
  ASSIGN_OR_RETURN(const kernel::NetnsIdentity identity,
                   kernel::netns_identity(fmt::format("/proc/self/fd/{}", netns_fd)));
  return fmt::format("{} {}:{}", netns, identity.device, identity.inode);
}

}  // namespace

Status WireSet::attach(const Key& key, const settings::WireEnd& wanted, int netns_fd) {
  const auto known = ends_.find(key);
  UniqueFd queue;
  if (known != ends_.end() &&
      (known->second.wire != wanted.wire || known->second.in_worker != wanted.in_worker)) {
    const bool same_link = known->second.link == wanted.link;
    queue = remove(key);
    if (!same_link) queue.reset();
  }
  Status placed = place(key, wanted, netns_fd, std::move(queue));
  drop_if_bare(wanted.wire);
  return placed;
}

WireSet::Ends::const_iterator WireSet::other_holder(const Key& key,
                                                    const settings::WireEnd& wanted) const {
  return std::find_if(ends_.begin(), ends_.end(), [&](const auto& each) {
    return each.first != key && each.second.wire == wanted.wire &&
           each.second.in_worker == wanted.in_worker;
  });
}

// `queue` is the device's where somebody has had it, else not valid.
Status WireSet::place(const Key& key, const settings::WireEnd& wanted, int netns_fd,
                      UniqueFd queue) {
  ASSIGN_OR_RETURN(Wire * wire, wire_of(wanted.wire));
  if (queue.valid() && !kernel::has_device(queue.get())) queue.reset();
  const auto holder = other_holder(key, wanted);
  if (!queue.valid() && (holder != ends_.end() || !wire->has_device(wanted))) {
    ASSIGN_OR_RETURN(
        queue, kernel::open_inside(netns_fd, [&] { return kernel::open_tun_queue(wanted.link); }));
  }
  if (holder != ends_.end()) {
    remove(holder->first);
    ASSIGN_OR_RETURN(wire, wire_of(wanted.wire));
  }
  std::string watched;
  if (!wanted.in_worker) {
    ASSIGN_OR_RETURN(watched, watch(key.first, netns_fd));
    judge_.assign(wire->number(), wanted.integration, watched);
  }
  if (Status set = wire->set_end(wanted, std::move(queue)); !set.ok()) {
    unwatch(watched);
    return set;
  }
  End& end = ends_[key];
  unwatch(end.watched);
  end = {wanted.wire, wanted.in_worker, wanted.link, watched};
  return {};
}

void WireSet::detach(const Key& key) {
  const auto known = ends_.find(key);
  if (known == ends_.end()) return;
  const std::string wire = known->second.wire;
  remove(key);
  drop_if_bare(wire);
}

UniqueFd WireSet::remove(const Key& key) {
  const auto known = ends_.find(key);
  const End end = known->second;
  ends_.erase(known);
  UniqueFd queue = wires_.at(end.wire)->remove_end(end.in_worker);
  unwatch(end.watched);
  drop_if_bare(end.wire);
  return queue;
}

void WireSet::drop_if_bare(const std::string& name) {
  const auto wire = wires_.find(name);
  if (wire == wires_.end() || !wire->second->is_bare()) return;
  names_[wire->second->number()].clear();
  wires_.erase(wire);
}

Wire* WireSet::find(const std::string& name) const {
  const auto wire = wires_.find(name);
  return wire == wires_.end() ? nullptr : wire->second.get();
}

Result<Wire*> WireSet::wire_of(const std::string& name) {
  if (Wire* const present = find(name)) return present;
  if (name.empty()) return Error{.code = Errc::kInvalid, .message = "a wire has a name"};
  const auto free = std::find(names_.begin(), names_.end(), std::string());
  if (free == names_.end()) {
    return Error{.code = Errc::kConflict,
                 .message = fmt::format("{}: there are {} wires, and no more are carried", name,
                                        settings::kMostWires)};
  }
  const auto number = static_cast<uint16_t>(free - names_.begin());
  *free = name;
  Carrier& carrier = *carriers_[folded(fnv1a(name)) % carriers_.size()];
  auto& wire = wires_[name];
  wire = std::make_unique<Wire>(name, number, carrier, judge_, clock_);
  return wire.get();
}

Result<std::string> WireSet::watch(const std::string& netns, int netns_fd) {
  ASSIGN_OR_RETURN(const std::string identity, identity_of(netns, netns_fd));
  if (watched_.count(identity) == 0) RETURN_IF_ERROR(judge_.watch(identity, netns_fd));
  ++watched_[identity];
  return identity;
}

void WireSet::unwatch(const std::string& watched) {
  const auto known = watched_.find(watched);
  if (known == watched_.end() || --known->second != 0) return;
  judge_.forget(watched);
  watched_.erase(known);
}

std::optional<std::chrono::steady_clock::time_point> WireSet::refresh() {
  std::optional<std::chrono::steady_clock::time_point> next;
  for (const auto& [name, wire] : wires_) {
    // Without room for what comes instead, what is over goes on until there is.
    (void)wire->refresh();
    const auto ends = wire->ends_at();
    if (ends && (!next || *ends < *next)) next = ends;
  }
  return next;
}

}  // namespace egress::wires
