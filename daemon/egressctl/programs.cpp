// SPDX-License-Identifier: MIT
#include "egressctl/programs.hpp"

#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <memory>

namespace egress::ctl {
namespace {

constexpr const char* kConfiguration = "/etc/egressd/egressd.yaml";

std::string quoted(const std::string& word) {
  std::string text = "'";
  for (const char letter : word) {
    text += letter == '\'' ? std::string("'\\''") : std::string(1, letter);
  }
  return text + "'";
}

}  // namespace

std::string ask_program(const std::vector<std::string>& command, Errors errors) {
  std::string line;
  for (const std::string& word : command) line += quoted(word) + " ";
  line += errors == Errors::kIncluded ? "2>&1" : "2>/dev/null";
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> pipe(::popen(line.c_str(), "re"), ::pclose);
  std::string text;
  char part[4096];
  while (pipe != nullptr) {
    const size_t size = std::fread(part, 1, sizeof part, pipe.get());
    if (size == 0) break;
    text.append(part, size);
  }
  return text;
}

std::string daemon_program() {
  std::error_code error;
  const auto here = std::filesystem::read_symlink("/proc/self/exe", error).parent_path();
  for (const auto& beside : {here.parent_path() / "egressd" / "egressd", here / "egressd"}) {
    if (::access(beside.c_str(), X_OK) == 0 && !std::filesystem::is_directory(beside, error)) {
      return beside.string();
    }
  }
  return EGRESS_DAEMON;
}

std::vector<std::string> doctor_command(const std::vector<std::string>& options) {
  std::vector<std::string> command{daemon_program(), "--doctor"};
  if (options.empty() && ::access(kConfiguration, R_OK) == 0) {
    command.insert(command.end(), {"--config", kConfiguration});
  }
  command.insert(command.end(), options.begin(), options.end());
  return command;
}

}  // namespace egress::ctl
