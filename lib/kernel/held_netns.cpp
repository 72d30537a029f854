// SPDX-License-Identifier: MIT
#include "kernel/held_netns.hpp"

#include <algorithm>
#include <utility>

#include "base/move_key.hpp"

namespace egress::kernel {

using state::NetnsName;

HeldNetns::HeldNetns(NetnsOwner owner, NetnsDirectory directory, MountTable mounts, UniqueFd feed,
                     std::shared_ptr<FlowCachePrograms> flow_cache, Clock clock)
    : owner_(std::move(owner)),
      directory_(std::move(directory)),
      mounts_(std::move(mounts)),
      feed_(std::move(feed)),
      flow_cache_(std::move(flow_cache)),
      clock_(std::move(clock)),
      distrusted_until_(clock_.monotonic()) {}

Status HeldNetns::refresh(const state::KernelState& wanted) {
  distrust_some();
  ASSIGN_OR_RETURN(const std::vector<NetnsName> names, directory_.names());
  RETURN_IF_ERROR(close_changed(names));
  foreign_.clear();
  std::vector<NetnsName> fresh;
  for (const NetnsName& netns : names) {
    if (handles_.count(netns) == 0) fresh.push_back(netns);
  }
  RETURN_IF_ERROR(open(fresh, wanted));
  forget_names();
  return {};
}

Status HeldNetns::close_changed(const std::vector<NetnsName>& names) {
  if (mounts_.changed()) mounts_changed_ = true;
  std::vector<NetnsName> changed;
  auto name = names.begin();
  for (const auto& [netns, held] : handles_) {
    while (name != names.end() && *name < netns) ++name;
    const bool is_there = name != names.end() && *name == netns;
    if (is_there && !mounts_changed_ && held.trusted()) continue;
    const auto found = directory_.look(netns);
    if (!found.ok() && found.error().code != Errc::kNotFound) return found.error();
    if (!found.ok() || *found != held.identity()) changed.push_back(netns);
  }
  mounts_changed_ = false;
  for (const NetnsName& netns : changed) close(netns);
  return {};
}

void HeldNetns::forget_names() {
  if (!std::exchange(closed_some_, false)) return;
  for (auto& [netns, held] : handles_) {
    std::erase_if(held.names_by_nsid(), [](const auto& entry) { return entry.second.expired(); });
  }
}

Status HeldNetns::open(const std::vector<NetnsName>& names, const state::KernelState& wanted) {
  if (names.empty()) return {};
  for (const NetnsName& netns : directory_.given(names)) {
    RETURN_IF_ERROR(finish_rename(netns, wanted));
    RETURN_IF_ERROR(open(netns));
  }
  for (const NetnsName& netns : names) RETURN_IF_ERROR(open(netns));
  return {};
}

Status HeldNetns::open(const NetnsName& netns) {
  const auto opened = get(netns);
  return opened.ok() || opened.error().code == Errc::kNotFound ? Status() : opened.error();
}

// `netns` is a name that we gave. Others can give a namespace a second one, but no such.
Status HeldNetns::finish_rename(const NetnsName& netns, const state::KernelState& wanted) {
  const auto looked = directory_.look(netns);
  if (!looked.ok() || !*looked) return {};
  const NetnsIdentity identity = **looked;
  const auto known = held_names_.find(identity);
  if (known == held_names_.end()) return {};
  const NetnsName other = known->second;
  if (directory_.given({other}).empty()) return {};
  if (wanted.count(netns) == 0) return directory_.remove(netns, identity);
  if (wanted.count(other) != 0) return {};
  return rename(other, netns);
}

void HeldNetns::distrust_some() {
  constexpr std::chrono::duration<double> kRound = std::chrono::minutes(8);
  const auto now = clock_.monotonic();
  const double rounds = std::min((now - distrusted_until_) / kRound, 1.0);
  size_t left = static_cast<size_t>(rounds * static_cast<double>(handles_.size()));
  if (left == 0 && !handles_.empty()) return;  // what is due adds up
  distrusted_until_ = now;
  auto at = handles_.upper_bound(last_distrusted_);
  for (; left > 0; --left) {
    if (at == handles_.end()) at = handles_.begin();
    at->second.distrust();
    last_distrusted_ = at->first;
    ++at;
  }
}

Result<NetnsHandle*> HeldNetns::changing(const NetnsName& netns) {
  ASSIGN_OR_RETURN(NetnsHandle* const held, get(netns));
  held->distrust();
  return held;
}

Result<NetnsHandle*> HeldNetns::get(const NetnsName& netns) {
  if (NetnsHandle* const held = find(netns)) return held;
  foreign_.erase(netns);
  ASSIGN_OR_RETURN(const auto looked, directory_.look(netns));
  if (!looked) return note_foreign(netns, {.kind = state::ForeignNetns::Kind::kNoNamespace});
  ASSIGN_OR_RETURN(UniqueFd fd, open_netns(netns));
  ASSIGN_OR_RETURN(const NetnsIdentity identity,
                   netns_identity("/proc/self/fd/" + std::to_string(fd.get())));
  if (held_names_.count(identity) != 0) {
    return note_foreign(netns, {.kind = state::ForeignNetns::Kind::kSecondName});
  }
  ASSIGN_OR_RETURN(const auto foreign, owner_.judge(fd.get()));
  if (foreign) return note_foreign(netns, *foreign);
  ASSIGN_OR_RETURN(NetnsHandle opened,
                   NetnsHandle::open(netns, std::move(fd), identity, {feed_.get(), flow_cache_}));
  held_names_.emplace(identity, netns);
  return &handles_.emplace(netns, std::move(opened)).first->second;
}

NetnsHandle* HeldNetns::find(const NetnsName& netns) {
  const auto held = handles_.find(netns);
  return held == handles_.end() ? nullptr : &held->second;
}

NetnsHandle* HeldNetns::find(const NetnsIdentity& identity) {
  const auto name = held_names_.find(identity);
  return name == held_names_.end() ? nullptr : find(name->second);
}

Error HeldNetns::note_foreign(const NetnsName& netns, const state::ForeignNetns& foreign) {
  foreign_[netns] = foreign;
  return {.code = Errc::kNotFound, .message = to_text(netns, foreign)};
}

// Its ids in other namespaces stand for nothing until the next observation, and then the kernel may
// have given them to others.
void HeldNetns::close(const NetnsName& netns) {
  const auto closed = handles_.find(netns);
  if (closed == handles_.end()) return;
  held_names_.erase(closed->second.identity());
  handles_.erase(closed);
  closed_some_ = true;
}

// What others know it by in their namespaces, they learn anew.
Status HeldNetns::rename(const NetnsName& from, const NetnsName& to) {
  ASSIGN_OR_RETURN(NetnsHandle* const held, get(from));
  RETURN_IF_ERROR(directory_.rename(from, to, held->fd()));
  close(to);  // that one has lost its name
  foreign_.erase(to);
  held_names_[held->identity()] = to;
  held->rename(to);
  move_key(handles_, from, to);
  closed_some_ = true;
  return {};
}

void HeldNetns::lose(const NetnsName& netns, const state::ForeignNetns& foreign) {
  close(netns);
  foreign_[netns] = foreign;
}

Status missing_or_error(const state::Op& op, Error error) {
  if (op.verb == state::Verb::kRemove && error.code == Errc::kNotFound) return {};
  return error;
}

}  // namespace egress::kernel
