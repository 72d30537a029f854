// SPDX-License-Identifier: MIT
#pragma once

// The processes in our namespaces. They outlive the daemon, so nothing is remembered here: a
// process is whoever holds the lock on the file `.process` in its folder, DIRECTORY/processes/
// NETNS/NAME, and the file's content is the spec it was started with. Whose process it is, the
// folder's name alone says: what is written in a file names nothing that is ended or removed.

#include <sys/types.h>

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "base/unique_fd.hpp"
#include "kernel/attachment/protocol.hpp"
#include "kernel/netns_scope.hpp"
#include "state/kernel_state.hpp"

namespace egress::kernel {

struct RunningProcess {
  pid_t pid = 0;
  NetnsIdentity identity{};  // the namespace it is in, which may have lost its name
  std::string netns{};       // the name of that for which it was started
  // Its file says what it is; one that has not come so far is listed with its name alone.
  bool complete = false;
  bool homeless = false;  // its folder, or its file there, is gone
  state::Process process{};
  std::vector<ListedAttachment> attached{};
};

// Where one is started. The descriptor is borrowed.
struct ProcessPlace {
  std::string name{};
  int netns_fd = -1;
  NetnsIdentity identity{};
};

class Processes {
 public:
  // `directory` is there while it is needed. `programs` are the paths of those that have a name.
  Processes(std::string directory, std::map<std::string, std::string> programs)
      : directory_(std::move(directory)),
        all_(directory_ + "/processes"),
        programs_(std::move(programs)) {}

  // Removes what those left that ended. kDenied when others have a hand in the folders.
  Result<std::vector<RunningProcess>> list() const;
  // Those besides `known` that have lost their folder, or their file in it, which they still have
  // open.
  std::vector<RunningProcess> homeless(const std::vector<RunningProcess>& known) const;
  // Returns when the program said that it is ready; the error carries what it said instead. kBusy
  // when somebody holds the process's file who is another or lives elsewhere, kInvalid for names
  // that no file can have and for programs that nobody knows.
  Status start(const ProcessPlace& place, const state::Process& process) const;
  // One that runs gets other files and is told to read them. kNotFound when none runs there that
  // becomes `process` by that.
  Status reread(const ProcessPlace& place, const state::Process& process) const;
  // Returns when the process is gone. Already gone is success, and so is that somebody for whom
  // `is_ours` is false holds its file, who is left alone.
  Status stop(const std::string& netns, const std::string& name,
              const std::function<bool(pid_t)>& is_ours) const;
  // The same for a homeless one.
  Status stop(const RunningProcess& homeless, const std::function<bool(pid_t)>& is_ours) const;
  // Where it works goes by another namespace's name, in which it is: it runs on and keeps its
  // files. kExists when there is one of that name.
  Status move(const std::string& from, const std::string& to, const std::string& name) const;
  // All that work by the name of `from`.
  Status move_all(const std::string& from, const std::string& to) const;
  // Where one works that runs, to reach it by; kNotFound when none does.
  Result<UniqueFd> open_folder(const std::string& netns, const std::string& name) const;

 private:
  std::string folder_of(const std::string& netns, const std::string& name) const;
  Result<std::string> path_of(const std::string& program) const;
  // Who runs for this folder.
  std::optional<RunningProcess> look(const std::string& netns, const std::string& name) const;
  // With its files in it; the one that is to be locked is returned.
  Result<UniqueFd> make_folder_of(const ProcessPlace& place, const state::Process& process) const;
  void remove_empty_folders(const std::vector<std::string>& places) const;

  std::string directory_;
  std::string all_;
  std::map<std::string, std::string> programs_;
};

}  // namespace egress::kernel
