// SPDX-License-Identifier: MIT
#include "kernel/linux_kernel.hpp"

#include <sys/epoll.h>

#include <cerrno>
#include <utility>

#include "base/folder.hpp"
#include "kernel/high_fd.hpp"

namespace egress::kernel {
namespace {

using state::NetnsName;
using state::Op;
using state::Verb;

// A responder whose namespace has lost its name: nobody desires this one, so a pass ends it.
constexpr const char* kUnnamed = "#unnamed";

state::NetnsMark mark_of(const LinuxKernel::Options& options) {
  return state::make_mark(options.prefix, options.state_dir);
}

bool is_missing(const Error& error) {
  return error.code == Errc::kNotFound;
}

// What is in no namespace needs no removal.
Status missing_or_error(const Op& op, Error error) {
  if (op.verb == Verb::kRemove && is_missing(error)) return {};
  return error;
}

}  // namespace

Result<std::unique_ptr<LinuxKernel>> LinuxKernel::open(Options options) {
  if (options.prefix.empty() || options.prefix.find('/') != std::string::npos) {
    return Error{.code = Errc::kInvalid, .message = "no prefix: '" + options.prefix + "'"};
  }
  RETURN_IF_ERROR(raise_fd_limit());
  UniqueFd low(epoll_create1(EPOLL_CLOEXEC));
  if (!low.valid()) return Error::from_errno("open an epoll descriptor");
  ASSIGN_OR_RETURN(UniqueFd feed, move_high(std::move(low)));
  RETURN_IF_ERROR(make_folder(options.run_dir, 0755));
  RETURN_IF_ERROR(check_own_folder(options.run_dir));
  ASSIGN_OR_RETURN(NetnsOwner owner, NetnsOwner::make(mark_of(options)));
  std::unique_ptr<LinuxKernel> made(new LinuxKernel(options, std::move(owner), std::move(feed)));
  RETURN_IF_ERROR(made->responders_.list());  // their files stand in a directory of ours
  RETURN_IF_ERROR(made->directory_.remove_leftovers());
  return made;
}

LinuxKernel::LinuxKernel(const Options& options, NetnsOwner owner, UniqueFd feed)
    : prefix_(options.prefix),
      owner_(std::move(owner)),
      directory_(mark_of(options), options.run_dir),
      responders_(options.run_dir + "/" + options.prefix, options.responder_program),
      feed_(std::move(feed)) {}

Result<state::KernelState> LinuxKernel::observe() {
  used_contexts_.close();
  remove_orphaned_links();
  RETURN_IF_ERROR(refresh_handles());
  distrust_some();
  state::KernelState observed;
  std::map<NetnsName, NetnsLinks> links;
  state::ForeignNames lost;
  for (auto& [netns, held] : handles_) {
    auto reading = held.read();
    if (!reading.ok()) return std::move(reading).error().in("observe " + netns);
    if (auto foreign = owner_.judge(held.identity(), (*reading)->alias)) {
      lost.emplace(netns, *std::move(foreign));
      continue;
    }
    observed[netns] = (*reading)->state;
    links[netns] = {(*reading)->links, held.name(), &held.names_by_nsid()};
  }
  for (const auto& [netns, foreign] : lost) close_handle(netns);
  foreign_.merge(lost);
  RETURN_IF_ERROR(resolve_peers(links, [&](const NetnsName& from, const NetnsName& other) {
    return handles_.at(from).nsid_of(handles_.at(other));
  }));
  for (auto& [netns, found] : links) {
    for (ObservedLink& link : found.links) {
      const std::string name = link.link.name;
      observed[netns].links[name] = std::move(link.link);
    }
  }
  RETURN_IF_ERROR(add_responders(observed));
  return observed;
}

Status LinuxKernel::refresh_handles() {
  ASSIGN_OR_RETURN(const auto present, directory_.list());
  std::vector<NetnsName> stale;
  for (const auto& [netns, held] : handles_) {
    const auto found = present.find(netns);
    if (found == present.end() || found->second != held.identity()) stale.push_back(netns);
  }
  for (const NetnsName& netns : stale) close_handle(netns);
  for (auto& [netns, held] : handles_) {
    std::erase_if(held.names_by_nsid(), [](const auto& entry) { return entry.second.expired(); });
  }
  foreign_.clear();
  std::vector<NetnsName> fresh;
  for (const auto& entry : present) {
    if (handles_.count(entry.first) == 0) fresh.push_back(entry.first);
  }
  return open_handles(fresh);
}

Status LinuxKernel::open_handles(const std::vector<NetnsName>& names) {
  if (names.empty()) return {};
  const std::vector<NetnsName> given = directory_.given(names);
  for (const auto* some : {&given, &names}) {
    for (const NetnsName& netns : *some) {
      auto opened = handle(netns);
      if (!opened.ok() && !is_missing(opened.error())) return std::move(opened).error();
    }
  }
  return {};
}

// In turn, so that after kTurns observations each has been read anew.
void LinuxKernel::distrust_some() {
  constexpr size_t kTurns = 16;
  if (handles_.empty()) return;
  auto at = handles_.upper_bound(last_distrusted_);
  for (size_t left = (handles_.size() + kTurns - 1) / kTurns; left > 0; --left) {
    if (at == handles_.end()) at = handles_.begin();
    at->second.distrust();
    last_distrusted_ = at->first;
    ++at;
  }
}

Result<NetnsHandle*> LinuxKernel::changing(const NetnsName& netns) {
  ASSIGN_OR_RETURN(NetnsHandle* const held, handle(netns));
  held->distrust();
  return held;
}

Result<NetnsHandle*> LinuxKernel::handle(const NetnsName& netns) {
  if (const auto held = handles_.find(netns); held != handles_.end()) return &held->second;
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

Error LinuxKernel::note_foreign(const NetnsName& netns, const state::ForeignNetns& foreign) {
  foreign_[netns] = foreign;
  return {.code = Errc::kNotFound, .message = to_text(netns, foreign)};
}

// Its ids in other namespaces stand for nothing until the next observation, and then the kernel may
// have given them to others.
void LinuxKernel::close_handle(const NetnsName& netns) {
  const auto closed = handles_.find(netns);
  if (closed == handles_.end()) return;
  held_names_.erase(closed->second.identity());
  handles_.erase(closed);
}

Status LinuxKernel::add_responders(state::KernelState& observed) const {
  ASSIGN_OR_RETURN(const std::vector<RunningResponder> running, responders_.list());
  for (const RunningResponder& one : running) {
    const auto place = held_names_.find(one.identity);
    if (one.complete && place != held_names_.end()) {
      observed[place->second].responder = one.responder;
    } else if (place != held_names_.end() || owner_.owns_process(one.pid)) {
      observed[prefix_ + "-" + one.responder.host + kUnnamed].responder = one.responder;
    }
  }
  return {};
}

Status LinuxKernel::apply(const Op& op) {
  const bool removes_netns =
      op.verb == Verb::kRemove && std::holds_alternative<state::NetnsObject>(op.object);
  if (!removes_netns) remove_orphaned_links();
  Status status = std::visit([&](const auto& object) { return perform(op, object); }, op.object);
  if (status.ok()) return status;
  return std::move(status).error().in(to_text(op));
}

template <typename Object>
Status LinuxKernel::perform(const Op& op, const Object& object) {
  auto held = changing(op.netns);
  if (held.ok()) return (*held)->apply(op.verb, object);
  return missing_or_error(op, std::move(held).error());
}

Status LinuxKernel::perform(const Op& op, const state::NetnsObject&) {
  return op.verb == Verb::kRemove ? remove_netns(op.netns) : add_netns(op.netns);
}

Status LinuxKernel::perform(const Op& op, const state::FirewallChange& change) {
  auto held = handle(op.netns);
  if (!held.ok()) return missing_or_error(op, std::move(held).error());
  if (op.verb == Verb::kRemove) return (*held)->firewall().remove(used_contexts_);
  return (*held)->firewall().replace(change.desired, used_contexts_);
}

Status LinuxKernel::perform(const Op& op, const state::LinkPair& pair) {
  auto here = changing(op.netns);
  if (op.verb == Verb::kRemove) {
    forget_links(op.netns);
    forget_links(pair.here.peer.netns);
  }
  if (!here.ok()) return missing_or_error(op, std::move(here).error());
  if (op.verb == Verb::kRemove) return (*here)->delete_link(pair.here.name);
  return add_pair(**here, op.netns, pair);
}

Status LinuxKernel::add_pair(NetnsHandle& here, const NetnsName& name,
                             const state::LinkPair& pair) {
  if (pair.there.peer != state::LinkPeer{name, pair.here.name} ||
      pair.there.name != pair.here.peer.name) {
    return Error{.code = Errc::kInvalid, .message = "two links that are not each other's peers"};
  }
  ASSIGN_OR_RETURN(NetnsHandle* const there, changing(pair.here.peer.netns));
  Status status = here.create_pair(pair, *there);
  if (status.ok() || status.error().sys_errno != EEXIST) return status;
  ASSIGN_OR_RETURN(const bool already, is_pair(here, pair, *there));
  return already ? Status() : status;
}

Result<bool> LinuxKernel::is_pair(NetnsHandle& here, const state::LinkPair& pair,
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

Status LinuxKernel::perform(const Op& op, const state::LinkSettings& settings) {
  ASSIGN_OR_RETURN(NetnsHandle* const held, changing(op.netns));
  return held->change(settings);
}

Status LinuxKernel::perform(const Op& op, const state::Responder& responder) {
  if (op.verb == Verb::kRemove) {
    return responders_.stop(responder.host,
                            [&](pid_t holder) { return owner_.owns_process(holder); });
  }
  ASSIGN_OR_RETURN(const NetnsHandle* const held, handle(op.netns));
  return responders_.start({op.netns, held->fd(), held->identity()}, responder);
}

Status LinuxKernel::add_netns(const NetnsName& netns) {
  const auto held = handle(netns);
  if (held.ok()) return {};
  if (!is_missing(held.error())) return held.error();
  if (foreign_.count(netns) == 0) return directory_.create(netns);
  return Error{.code = Errc::kExists, .message = held.error().message};
}

Status LinuxKernel::remove_netns(const NetnsName& netns) {
  auto held = handle(netns);
  if (!held.ok()) return is_missing(held.error()) ? Status() : held.error();
  ASSIGN_OR_RETURN(const std::string alias, (*held)->read_alias());
  const NetnsIdentity identity = (*held)->identity();
  if (const auto lost = owner_.judge(identity, alias)) {
    close_handle(netns);
    foreign_[netns] = *lost;
    return {};
  }
  // What has happened since then is mostly the kernel clearing away what we removed before.
  ASSIGN_OR_RETURN(const NetnsHandle::Reading* const reading, (*held)->last_reading());
  for (const ObservedLink& link : reading->links) {
    if (!link.peer_nsid) continue;
    ASSIGN_OR_RETURN(const NetnsName other, name_by_nsid(**held, *link.peer_nsid));
    if (!other.empty()) orphaned_links_[other].push_back(link.peer_index);
  }
  close_handle(netns);
  used_contexts_.close();
  RETURN_IF_ERROR(directory_.remove(netns, identity));
  return handles_.empty() ? directory_.remove_leftovers() : Status();
}

// Empty when it is none of those held.
Result<NetnsName> LinuxKernel::name_by_nsid(NetnsHandle& from, int nsid) {
  auto& names = from.names_by_nsid();
  if (const auto known = names.find(nsid); known != names.end()) {
    return name_of(known->second);
  }
  for (const auto& [name, other] : handles_) {
    ASSIGN_OR_RETURN(const std::optional<int> called, from.nsid_of(other));
    if (called) names[*called] = other.name();
    if (called == nsid) return name;
  }
  return NetnsName();
}

// What cannot be removed is still there at the next observation, which reports it as drift.
void LinuxKernel::remove_orphaned_links() {
  const auto orphans = std::exchange(orphaned_links_, {});
  for (const auto& [netns, indexes] : orphans) {
    const auto held = handles_.find(netns);
    if (held != handles_.end()) (void)held->second.delete_links(indexes);
    forget_links(netns);
  }
}

void LinuxKernel::forget_links(const NetnsName& netns) {
  const auto held = handles_.find(netns);
  if (held != handles_.end()) held->second.forget_links();
}

Result<std::map<std::string, uint64_t>> LinuxKernel::counters(const NetnsName& netns) {
  ASSIGN_OR_RETURN(NetnsHandle* const held, handle(netns));
  auto counted = held->firewall().counters();
  if (!counted.ok()) return std::move(counted).error().in("counters of " + netns);
  return counted;
}

}  // namespace egress::kernel
