// SPDX-License-Identifier: MIT
#pragma once

// Network namespaces by name under /run/netns, as `ip netns` keeps them, and the one way to enter
// one. Knows names and descriptors only; what is inside a namespace is not its concern.

#include <sys/types.h>

#include <compare>
#include <map>
#include <string>
#include <utility>
#include <vector>

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

// The namespaces of one prefix. RUN_DIR/PREFIX exists while there are any: it tells other daemons
// with a shorter prefix ("eg" beside "eg-b") which names are not theirs. /run/netns is removed with
// its last name if it was made here, which notes in RUN_DIR remember.
class NetnsDirectory {
 public:
  NetnsDirectory(std::string prefix, std::string run_dir);

  // Names of ours with what they stand for; leftover files that are no namespaces are left out.
  Result<std::map<std::string, NetnsIdentity>> list() const;
  // Already there is success.
  Status create(const std::string& name) const;
  // Removes the name; the namespace itself ends with its last process and descriptor. Already gone
  // is success.
  Status remove(const std::string& name) const;
  Result<UniqueFd> open(const std::string& name) const;
  // Removes files that a creation cut short left behind, and directories that a removal did.
  Status remove_leftovers() const;
  // Undoes what create() made besides namespaces, as far as nobody has something there.
  void remove_directories() const;

 private:
  Result<std::vector<std::string>> names() const;
  std::string note_path(const char* what) const;
  Status write_note(const char* what) const;
  Status make_directories() const;

  std::string prefix_;
  std::string run_dir_;
};

}  // namespace egress::kernel
