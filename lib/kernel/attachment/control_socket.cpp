// SPDX-License-Identifier: MIT
#include "kernel/attachment/control_socket.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "kernel/folder_socket.hpp"

namespace egress::kernel {
namespace {

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
