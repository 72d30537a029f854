// SPDX-License-Identifier: MIT
#include "tests/support/attached_program.hpp"

#include <fcntl.h>

#include <vector>

#include "base/stable_hash.hpp"

namespace egress::testing_support {
namespace {

Command in_folder(const std::string& folder, const Command& command) {
  Command whole = {"bash", "-c", "cd \"$1\" && shift && exec \"$@\"", "-", folder};
  whole.insert(whole.end(), command.begin(), command.end());
  return whole;
}

Result<UniqueFd> open_netns(const std::string& name) {
  UniqueFd netns(::open(("/run/netns/" + name).c_str(), O_RDONLY | O_CLOEXEC));
  if (!netns.valid()) return Error::from_errno("open " + name);
  return netns;
}

}  // namespace

AttachedProgram::AttachedProgram(const Command& command)
    : process_(in_folder(folder_.path(), command), "ready") {}

Status AttachedProgram::attach(const std::string& netns, const std::string& name,
                               const std::string& settings, const std::string& home) {
  const UniqueFd folder(::open(folder_.path().c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!folder.valid()) return Error::from_errno("open the program's folder");
  std::vector<UniqueFd> files;
  ASSIGN_OR_RETURN(files.emplace_back(), open_netns(netns));
  ASSIGN_OR_RETURN(files.emplace_back(), kernel::make_settings_file(settings));
  if (!home.empty()) {
    ASSIGN_OR_RETURN(files.emplace_back(), open_netns(home));
  }
  std::vector<int> numbers;
  for (const UniqueFd& file : files) numbers.push_back(file.get());
  Digest digest;
  digest.add(settings);
  return kernel::ask(folder.get(),
                     kernel::AttachRequest{{netns, name}, digest.text(), !home.empty()}, numbers);
}

Status AttachedProgram::detach(const std::string& netns, const std::string& name) {
  const UniqueFd folder(::open(folder_.path().c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!folder.valid()) return Error::from_errno("open the program's folder");
  return kernel::ask(folder.get(), kernel::DetachRequest{{netns, name}});
}

Status AttachedProgram::rename(const std::string& from, const std::string& to) {
  const std::string place = "/run/netns/";
  by_hand("touch " + place + to + "; mount --bind " + place + from + " " + place + to +
          "; ip netns del " + from);
  const UniqueFd folder(::open(folder_.path().c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!folder.valid()) return Error::from_errno("open the program's folder");
  return kernel::ask(folder.get(), kernel::MoveRequest{from, to});
}

Result<std::string> AttachedProgram::ask(const std::string& question) {
  const UniqueFd folder(::open(folder_.path().c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!folder.valid()) return Error::from_errno("open the program's folder");
  return kernel::ask(folder.get(), kernel::AskRequest{question});
}

}  // namespace egress::testing_support
