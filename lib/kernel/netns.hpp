// SPDX-License-Identifier: MIT
#pragma once

// Network namespaces by name under /run/netns, as `ip netns` keeps them. Of what is inside a
// namespace only the mark is its concern, which it sets in new ones.

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "base/unique_fd.hpp"
#include "kernel/netns_scope.hpp"
#include "state/netns_mark.hpp"

namespace egress::kernel {

// Every name under /run/netns, whatever it stands for.
Result<std::vector<std::string>> all_netns_names();
// kNotFound when there is no such name; what it stands for need not be a namespace.
Result<UniqueFd> open_netns(const std::string& name);

// The names of one prefix. A namespace gets its name with its mark already in it, and the file that
// its name is mounted on comes into being with the mark as its content: so nothing that we make is
// ever without it, whenever we are killed. /run/netns is removed with its last name if it was made
// here, which notes in RUN_DIR remember.
class NetnsDirectory {
 public:
  NetnsDirectory(state::NetnsMark mark, std::string run_dir);

  // All names that begin like ours, sorted, whatever they stand for.
  Result<std::vector<std::string>> names() const;
  // The namespace that a name stands for, nothing when it stands for another file. kNotFound when
  // there is no such name, or only a file of ours that is no namespace yet, or no more.
  Result<std::optional<NetnsIdentity>> look(const std::string& name) const;
  // Of `names`, those that create() gave: others can give a namespace of ours a second one.
  std::vector<std::string> given(const std::vector<std::string>& names) const;
  // kExists when there is something under this name that is not a file of ours.
  Status create(const std::string& name) const;
  // Removes the name of this namespace; the namespace itself ends with its last process and
  // descriptor. Success when the name is gone or stands for something else by now.
  Status remove(const std::string& name, const NetnsIdentity& identity) const;
  // Names the open namespace `to`, too, and then takes the name `from` away: who is killed in
  // between leaves both. kExists when something else is called `to`.
  Status rename(const std::string& from, const std::string& to, int netns_fd) const;
  // Removes files of ours that are no namespaces, which a creation or removal cut short left
  // behind, and what create() made besides namespaces, as far as nobody has something there.
  Status remove_leftovers() const;

 private:
  bool is_own_file(const std::string& path) const;
  bool is_own_file(int folder, const std::string& path) const;
  // At once with its content; left alone when it is there already.
  Status make_file(const std::string& path) const;
  Status check_name(const std::string& name) const;
  Status mount_new_netns(const std::string& path) const;
  Status add_name(const std::string& name, int netns_fd) const;
  std::string note_path(const char* what) const;
  Status write_note(const char* what) const;
  Status make_directories() const;
  void remove_directories() const;

  state::NetnsMark mark_;
  std::string run_dir_;
};

}  // namespace egress::kernel
