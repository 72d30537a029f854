// SPDX-License-Identifier: MIT
#include "kernel/attachment/control_socket.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>

#include <cerrno>
#include <cstring>

namespace egress::kernel {
namespace {

constexpr timeval kPatience{.tv_sec = 5, .tv_usec = 0};

Error no_answer() {
  return {.code = Errc::kBusy, .message = "the program does not answer"};
}

// By way of the open folder, whose own path may be longer than a socket's name can be.
Status connect_to_control(int socket, int folder) {
  const std::string path = fmt::format("/proc/self/fd/{}/{}", folder, kControlName);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  while (connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    if (errno == EINTR) continue;
    if (errno == EAGAIN) return no_answer();
    const int code = errno == ECONNREFUSED ? ENOENT : errno;
    return Error::from_errno("nobody takes attachments", code);
  }
  return {};
}

}  // namespace

Status ask(int folder, const Request& request, const std::vector<int>& files) {
  const UniqueFd socket(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
  if (!socket.valid() ||
      setsockopt(socket.get(), SOL_SOCKET, SO_SNDTIMEO, &kPatience, sizeof(kPatience)) != 0 ||
      setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &kPatience, sizeof(kPatience)) != 0) {
    return Error::from_errno("open a socket");
  }
  RETURN_IF_ERROR(connect_to_control(socket.get(), folder));
  RETURN_IF_ERROR(send_message(socket.get(), to_text(request), files));
  const auto answer = receive_message(socket.get());
  if (answer.ok()) return parse_answer(answer->text);
  return answer.error().code == Errc::kBusy ? no_answer() : answer.error();
}

std::vector<ListedAttachment> list_of(const std::string& folder) {
  const std::string path = folder + "/" + kAttachedName;
  const UniqueFd file(open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  struct stat about {};
  if (!file.valid() || fstat(file.get(), &about) != 0 || !S_ISREG(about.st_mode)) return {};
  const auto text = read_settings_file(file.get());
  if (!text.ok()) return {};
  auto listed = parse_list(*text);
  return listed.ok() ? *std::move(listed) : std::vector<ListedAttachment>();
}

}  // namespace egress::kernel
