// SPDX-License-Identifier: MIT
#pragma once

// The processes that answer on emulated hosts' ports. They outlive the daemon, so nothing is
// remembered here: a responder is whoever holds the lock on its file, and the file's content is the
// spec it was started with. The program is another one (`egress-host`).

#include <map>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "kernel/netns.hpp"
#include "state/kernel_state.hpp"

namespace egress::kernel {

struct RunningResponder {
  std::string netns{};       // the name under which it was started
  NetnsIdentity identity{};  // the namespace it is in, which may have lost that name
  state::Responder responder{};
};

class Responders {
 public:
  // `directory` holds a lock file per host.
  Responders(std::string directory, std::string program);

  // One that has not said yet what it listens on is listed without ports, and in no namespace.
  // Removes the files of those that ended without doing so.
  Result<std::vector<RunningResponder>> list() const;
  // Returns when every port is open. The error carries what the program said.
  Status start(const std::string& netns, const state::Responder& responder) const;
  // Returns when the process is gone. Already gone is success.
  Status stop(const std::string& host) const;

 private:
  std::string lock_path(const std::string& host) const { return directory_ + "/" + host; }

  std::string directory_;
  std::string program_;
};

}  // namespace egress::kernel
