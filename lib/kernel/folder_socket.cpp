// SPDX-License-Identifier: MIT
#include "kernel/folder_socket.hpp"

#include <fmt/format.h>
#include <sys/time.h>
#include <sys/un.h>

#include <cerrno>
#include <cstring>

namespace egress::kernel {
namespace {

Status connect_to(int socket, const FolderSocket& to) {
  const std::string path = fmt::format("/proc/self/fd/{}/{}", to.folder, to.name);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof(address.sun_path)) {
    return Error::from_errno(fmt::format("connect to {}", to.name), ENAMETOOLONG);
  }
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  while (connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    if (errno == EINTR) continue;
    if (errno == EAGAIN) return no_answer();
    const int code = errno == ECONNREFUSED ? ENOENT : errno;
    return Error::from_errno(to.absent, code);
  }
  return {};
}

}  // namespace

Error no_answer() {
  return {.code = Errc::kBusy, .message = "the program does not answer"};
}

Result<UniqueFd> connect_to(const FolderSocket& to, std::chrono::milliseconds patience) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(patience);
  const std::chrono::microseconds rest = patience - seconds;
  const timeval limit{.tv_sec = seconds.count(), .tv_usec = rest.count()};
  UniqueFd socket(::socket(AF_UNIX, to.type | SOCK_CLOEXEC, 0));
  if (!socket.valid() ||
      setsockopt(socket.get(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)) != 0 ||
      setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) != 0) {
    return Error::from_errno("open a socket");
  }
  RETURN_IF_ERROR(connect_to(socket.get(), to));
  return socket;
}

}  // namespace egress::kernel
