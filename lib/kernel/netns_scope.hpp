// SPDX-License-Identifier: MIT
#pragma once

// Which network namespace is which, and the one way to enter one. Needs nothing else of this
// folder, so that our programs in namespaces use it too.

#include <sys/types.h>

#include <compare>
#include <string>
#include <type_traits>
#include <utility>

#include "base/result.hpp"
#include "base/unique_fd.hpp"

namespace egress::kernel {

// Which namespace it is, whatever its name: a name may be given to another one behind our back.
struct NetnsIdentity {
  dev_t device = 0;
  ino_t inode = 0;
  auto operator<=>(const NetnsIdentity&) const = default;
};
// kNotFound when `path` is missing, kInvalid when it is no network namespace.
Result<NetnsIdentity> netns_identity(const std::string& path);

// The one that the calling thread is in.
inline constexpr const char* kOwnNetns = "/proc/thread-self/ns/net";
Result<UniqueFd> own_netns();

// Puts the calling thread into a namespace until the scope ends. Only for opening things: sockets
// and files stay with the namespace in which they were opened. Ends the process when the thread
// cannot return, since running on in the wrong namespace is worse.
class NetnsScope {
 public:
  static Result<NetnsScope> enter(int netns_fd);
  NetnsScope(NetnsScope&&) noexcept = default;
  NetnsScope& operator=(NetnsScope&&) = delete;
  ~NetnsScope();

 private:
  explicit NetnsScope(UniqueFd home) : home_(std::move(home)) {}
  UniqueFd home_;
};

// Opens something in a namespace, with which it stays, and returns what `open` does.
template <typename Open>
std::invoke_result_t<const Open&> open_inside(int netns_fd, const Open& open) {
  ASSIGN_OR_RETURN(const NetnsScope scope, NetnsScope::enter(netns_fd));
  return open();
}

}  // namespace egress::kernel
