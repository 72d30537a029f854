// SPDX-License-Identifier: MIT
#pragma once

// The processes that answer on emulated hosts' ports. They outlive the daemon, so nothing is
// remembered here: a responder is whoever holds the lock on its file, and the file's content is the
// spec it was started with. Whose responder it is, the file's name alone says: what is written in a
// file names nothing that is ended or removed. The program is another one (`egress-host`).

#include <sys/types.h>

#include <functional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "kernel/netns.hpp"
#include "state/kernel_state.hpp"

namespace egress::kernel {

struct RunningResponder {
  pid_t pid = 0;
  NetnsIdentity identity{};  // the namespace it is in, which may have lost its name
  // Its file says what it listens on; one that has not come so far is listed without ports.
  bool complete = false;
  state::Responder responder{};
};

// Where one is started. The descriptor is borrowed.
struct ResponderPlace {
  std::string name{};
  int netns_fd = -1;
  NetnsIdentity identity{};
};

class Responders {
 public:
  // `directory`/hosts holds a lock file per host; both folders are there while they are needed.
  Responders(std::string directory, std::string program);

  // Removes the files of those that ended without doing so. kDenied when others have a hand in the
  // folders.
  Result<std::vector<RunningResponder>> list() const;
  // Returns when every port is open. The error carries what the program said; kBusy when somebody
  // who lives elsewhere holds the host's file.
  Status start(const ResponderPlace& place, const state::Responder& responder) const;
  // Returns when the process is gone. Already gone is success, and so is that somebody for whom
  // `is_ours` is false holds the file, who is left alone.
  Status stop(const std::string& host, const std::function<bool(pid_t)>& is_ours) const;

 private:
  std::string lock_path(const std::string& host) const { return hosts_ + "/" + host; }
  // Whether they are there.
  Result<bool> check_folders() const;
  void remove_empty_folders() const;

  std::string directory_;
  std::string hosts_;
  std::string program_;
};

}  // namespace egress::kernel
