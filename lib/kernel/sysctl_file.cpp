// SPDX-License-Identifier: MIT
#include "kernel/sysctl_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <sstream>

#include "kernel/high_fd.hpp"

namespace egress::kernel {
namespace {

std::string normal_form(const std::string& text) {
  std::istringstream words(text);
  std::string normal;
  for (std::string word; words >> word;) normal += (normal.empty() ? "" : " ") + word;
  return normal;
}

}  // namespace

Result<UniqueFd> open_sysctl_file(const std::string& name) {
  if (name.compare(0, 4, "net.") != 0 || name.find('/') != std::string::npos ||
      name.find("..") != std::string::npos) {
    return Error{.code = Errc::kInvalid, .message = name + " is no setting of a namespace"};
  }
  std::string path = "/proc/sys/" + name;
  std::replace(path.begin(), path.end(), '.', '/');
  UniqueFd file(open(path.c_str(), O_RDWR | O_CLOEXEC));
  if (!file.valid()) return Error::from_errno("open " + path);
  return move_high(std::move(file));
}

Result<std::string> read_sysctl(int file) {
  std::array<char, 4096> buffer{};
  const ssize_t size = pread(file, buffer.data(), buffer.size(), 0);
  if (size < 0) return Error::from_errno("read a setting");
  return normal_form(std::string(buffer.data(), static_cast<size_t>(size)));
}

Status write_sysctl(int file, const std::string& value) {
  ASSIGN_OR_RETURN(const std::string present, read_sysctl(file));
  if (present == normal_form(value)) return {};
  if (pwrite(file, value.data(), value.size(), 0) < 0) return Error::from_errno("write a setting");
  return {};
}

Status switch_ipv6(const std::string& link, bool on) {
  const std::string path = "/proc/sys/net/ipv6/conf/" + link + "/disable_ipv6";
  const UniqueFd file(open(path.c_str(), O_RDWR | O_CLOEXEC));
  if (!file.valid()) return errno == ENOENT ? Status() : Error::from_errno("open " + path);
  return write_sysctl(file.get(), on ? "0" : "1");
}

}  // namespace egress::kernel
