// SPDX-License-Identifier: MIT
#include "kernel/held_netns.hpp"

#include <algorithm>
#include <utility>

namespace egress::kernel {

using state::NetnsName;

HeldNetns::HeldNetns(NetnsOwner owner, NetnsDirectory directory, MountTable mounts, UniqueFd feed,
                     Clock clock)
    : owner_(std::move(owner)),
      directory_(std::move(directory)),
      mounts_(std::move(mounts)),
      feed_(std::move(feed)),
      clock_(std::move(clock)),
      distrusted_until_(clock_.monotonic()) {}

Status HeldNetns::refresh() {
  distrust_some();
  ASSIGN_OR_RETURN(const std::vector<NetnsName> names, directory_.names());
  RETURN_IF_ERROR(close_changed(names));
  foreign_.clear();
  std::vector<NetnsName> fresh;
  for (const NetnsName& netns : names) {
    if (handles_.count(netns) == 0) fresh.push_back(netns);
  }
  return open(fresh);
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
  if (!std::exchange(closed_some_, false)) return {};
  for (auto& [netns, held] : handles_) {
    std::erase_if(held.names_by_nsid(), [](const auto& entry) { return entry.second.expired(); });
  }
  return {};
}

Status HeldNetns::open(const std::vector<NetnsName>& names) {
  if (names.empty()) return {};
  const std::vector<NetnsName> given = directory_.given(names);
  for (const auto* some : {&given, &names}) {
    for (const NetnsName& netns : *some) {
      auto opened = get(netns);
      if (!opened.ok() && opened.error().code != Errc::kNotFound) return std::move(opened).error();
    }
  }
  return {};
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
                   NetnsHandle::open(netns, std::move(fd), identity, feed_.get()));
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

void HeldNetns::lose(const NetnsName& netns, const state::ForeignNetns& foreign) {
  close(netns);
  foreign_[netns] = foreign;
}

Status missing_or_error(const state::Op& op, Error error) {
  if (op.verb == state::Verb::kRemove && error.code == Errc::kNotFound) return {};
  return error;
}

}  // namespace egress::kernel
