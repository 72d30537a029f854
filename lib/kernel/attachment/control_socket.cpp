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

Error no_answer() {
  return {.code = Errc::kBusy, .message = "the program does not answer"};
}

// A socket of the program's in its folder. By way of the open folder, whose own path may be longer
// than a socket's name can be.
struct Address {
  int folder = -1;
  const char* name = nullptr;
  const char* absent = nullptr;  // what is said when nobody listens
};

Status connect_to(int socket, const Address& to) {
  const std::string path = fmt::format("/proc/self/fd/{}/{}", to.folder, to.name);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  while (connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    if (errno == EINTR) continue;
    if (errno == EAGAIN) return no_answer();
    const int code = errno == ECONNREFUSED ? ENOENT : errno;
    return Error::from_errno(to.absent, code);
  }
  return {};
}

Result<UniqueFd> connect_to(const Address& to, std::chrono::milliseconds patience) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(patience);
  const std::chrono::microseconds rest = patience - seconds;
  const timeval limit{.tv_sec = seconds.count(), .tv_usec = rest.count()};
  UniqueFd socket(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
  if (!socket.valid() ||
      setsockopt(socket.get(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)) != 0 ||
      setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) != 0) {
    return Error::from_errno("open a socket");
  }
  RETURN_IF_ERROR(connect_to(socket.get(), to));
  return socket;
}

// The answer as it came.
Result<Message> exchange(int folder, const std::string& text, const std::vector<int>& files,
                         std::chrono::milliseconds patience) {
  ASSIGN_OR_RETURN(const UniqueFd socket,
                   connect_to({folder, kControlName, "nobody takes attachments"}, patience));
  RETURN_IF_ERROR(send_message(socket.get(), text, files));
  auto answer = receive_message(socket.get());
  if (!answer.ok() && answer.error().code == Errc::kBusy) return no_answer();
  return answer;
}

}  // namespace

Status ask(int folder, const Request& request, const std::vector<int>& files) {
  ASSIGN_OR_RETURN(const Message answer, exchange(folder, to_text(request), files, kPatience));
  return parse_answer(answer.text);
}

Result<std::string> ask(int folder, const AskRequest& question,
                        std::chrono::milliseconds patience) {
  ASSIGN_OR_RETURN(const Message answer, exchange(folder, to_text(question), {}, patience));
  RETURN_IF_ERROR(parse_answer(answer.text));
  if (answer.files.size() != 1) {
    return Error{.code = Errc::kInvalid, .message = "the answer has no text"};
  }
  return read_settings_file(answer.files.front().get());
}

Result<UniqueFd> open_records(int folder, const std::string& filter) {
  ASSIGN_OR_RETURN(UniqueFd socket,
                   connect_to({folder, kRecordsName, "nobody tells of anything"}, kPatience));
  RETURN_IF_ERROR(send_message(socket.get(), filter));
  if (fcntl(socket.get(), F_SETFL, O_NONBLOCK) != 0) return Error::from_errno("set up a socket");
  return socket;
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
