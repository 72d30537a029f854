// SPDX-License-Identifier: MIT
#include "kernel/attachment/program.hpp"

#include "kernel/attachment/control_socket.hpp"

namespace egress::kernel {

Result<std::string> RunningProgram::ask(const std::string& question,
                                        std::chrono::milliseconds patience) {
  return kernel::ask(folder_.get(), AskRequest{question}, patience);
}

Result<UniqueFd> RunningProgram::records(const std::string& filter) {
  return open_records(folder_.get(), filter);
}

}  // namespace egress::kernel
