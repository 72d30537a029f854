// SPDX-License-Identifier: MIT
#pragma once

// A program of ours that takes attachments, run and given some as the daemon does it, for tests
// that need the program alone.

#include <string>

#include "kernel/attachment/control_socket.hpp"
#include "tests/support/folder.hpp"
#include "tests/support/process.hpp"

namespace egress::testing_support {

class AttachedProgram {
 public:
  // `command` runs in a folder of its own. Its processes are no longer there once the object is.
  explicit AttachedProgram(const Command& command);

  bool ready() const { return process_.ready(); }
  Background& process() { return process_; }
  const std::filesystem::path& folder() const { return folder_.path(); }

  // In the namespace `netns` of /run/netns; `home`, another one there, is given along unless empty.
  Status attach(const std::string& netns, const std::string& name, const std::string& settings,
                const std::string& home = {});
  Status detach(const std::string& netns, const std::string& name);
  // The namespace `from` is called `to` from now on, on the machine and by the program.
  Status rename(const std::string& from, const std::string& to);
  Result<std::string> ask(const std::string& question);

 private:
  Folder folder_{};
  Background process_;
};

}  // namespace egress::testing_support
