// SPDX-License-Identifier: MIT
#include "kernel/netns_owner.hpp"

#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>

#include "kernel/netlink.hpp"
#include "kernel/rtnl/link_codec.hpp"

namespace egress::kernel {
namespace {

using state::ForeignNetns;

// Empty when there is none, or no loopback with which the namespace was born.
Result<std::string> alias_in(int netns_fd) {
  ASSIGN_OR_RETURN(NetlinkSocket socket,
                   open_inside(netns_fd, [] { return NetlinkSocket::open(NETLINK_ROUTE); }));
  return loopback_alias(socket);
}

// Who may not enter a namespace did not make it.
Result<std::string> alias_if_allowed(int netns_fd) {
  auto alias = alias_in(netns_fd);
  if (!alias.ok() && alias.error().code == Errc::kDenied) return std::string();
  return alias;
}

std::string fd_path(int fd) {
  return fmt::format("/proc/self/fd/{}", fd);
}

}  // namespace

Status write_mark(const state::NetnsMark& mark) {
  ASSIGN_OR_RETURN(NetlinkSocket socket, NetlinkSocket::open(NETLINK_ROUTE));
  return socket.request(change_loopback_alias(to_alias(mark)));
}

// A process may not know in which namespace one with more capabilities lives. It could not have
// marked that namespace either, and an unmarked one is not touched whoever lives there.
Result<NetnsOwner> NetnsOwner::make(const state::NetnsMark& own) {
  std::vector<NetnsIdentity> machine;
  ASSIGN_OR_RETURN(const NetnsIdentity home, netns_identity("/proc/thread-self/ns/net"));
  machine.push_back(home);
  if (const auto first = netns_identity("/proc/1/ns/net"); first.ok()) machine.push_back(*first);
  return NetnsOwner(to_alias(own), std::move(machine));
}

bool NetnsOwner::is_machine(const NetnsIdentity& identity) const {
  return std::find(machine_.begin(), machine_.end(), identity) != machine_.end();
}

std::optional<ForeignNetns> NetnsOwner::judge(const NetnsIdentity& identity,
                                              const std::string& alias) const {
  if (is_machine(identity)) return ForeignNetns{.kind = ForeignNetns::Kind::kMachine};
  if (alias == own_) return std::nullopt;
  if (auto mark = state::parse_mark(alias)) {
    return ForeignNetns{.kind = ForeignNetns::Kind::kOtherLab, .lab = *std::move(mark)};
  }
  return ForeignNetns{.kind = ForeignNetns::Kind::kUnmarked};
}

Result<std::optional<ForeignNetns>> NetnsOwner::judge(int netns_fd) const {
  ASSIGN_OR_RETURN(const NetnsIdentity identity, netns_identity(fd_path(netns_fd)));
  if (is_machine(identity)) return judge(identity, "");
  ASSIGN_OR_RETURN(const std::string alias, alias_if_allowed(netns_fd));
  return judge(identity, alias);
}

bool NetnsOwner::owns_process(pid_t pid) const {
  const UniqueFd netns(::open(fmt::format("/proc/{}/ns/net", pid).c_str(), O_RDONLY | O_CLOEXEC));
  if (!netns.valid()) return false;
  const auto foreign = judge(netns.get());
  return foreign.ok() && !foreign->has_value();
}

Result<std::map<std::string, state::NetnsMark>> marks_of_all() {
  std::map<std::string, state::NetnsMark> marks;
  ASSIGN_OR_RETURN(const std::vector<std::string> names, all_netns_names());
  for (const std::string& name : names) {
    const auto netns = open_netns(name);
    if (!netns.ok() || !netns_identity(fd_path(netns->get())).ok()) continue;  // gone, or a file
    const auto alias = alias_if_allowed(netns->get());
    if (!alias.ok()) continue;
    if (auto mark = state::parse_mark(*alias)) marks.emplace(name, *std::move(mark));
  }
  return marks;
}

}  // namespace egress::kernel
