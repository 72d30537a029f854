// SPDX-License-Identifier: MIT
#include "tests/support/attached_program.hpp"

#include <fcntl.h>

namespace egress::testing_support {
namespace {

Command in_folder(const std::string& folder, const Command& command) {
  Command whole = {"bash", "-c", "cd \"$1\" && shift && exec \"$@\"", "-", folder};
  whole.insert(whole.end(), command.begin(), command.end());
  return whole;
}

}  // namespace

AttachedProgram::AttachedProgram(const Command& command)
    : process_(in_folder(folder_.path(), command), "ready") {}

Status AttachedProgram::attach(const std::string& netns, const std::string& name,
                               const std::string& settings) {
  const UniqueFd folder(::open(folder_.path().c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  const UniqueFd place(::open(("/run/netns/" + netns).c_str(), O_RDONLY | O_CLOEXEC));
  if (!folder.valid() || !place.valid()) return Error::from_errno("open " + netns);
  ASSIGN_OR_RETURN(const UniqueFd file, kernel::make_settings_file(settings));
  return kernel::ask(folder.get(), kernel::AttachRequest{{netns, name}, "digest of " + settings},
                     {place.get(), file.get()});
}

Status AttachedProgram::detach(const std::string& netns, const std::string& name) {
  const UniqueFd folder(::open(folder_.path().c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!folder.valid()) return Error::from_errno("open the program's folder");
  return kernel::ask(folder.get(), kernel::DetachRequest{{netns, name}});
}

}  // namespace egress::testing_support
