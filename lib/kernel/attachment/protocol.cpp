// SPDX-License-Identifier: MIT
#include "kernel/attachment/protocol.hpp"

#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>
#include <optional>
#include <sstream>
#include <utility>

namespace egress::kernel {
namespace {

using nlohmann::ordered_json;

constexpr size_t kLargestMessage = 16 * 1024;
constexpr size_t kLongestError = 4 * 1024;
constexpr size_t kMostFiles = 3;

// Room for the descriptors of one message.
union FilesBuffer {
  cmsghdr align;
  std::array<char, CMSG_SPACE(kMostFiles * sizeof(int))> bytes;
};

// Text of others (an error may quote anything) is made UTF-8.
std::string dump(const ordered_json& json) {
  return json.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

ordered_json json_of(const AttachRequest& request) {
  return {{"attach", request.key.name},
          {"netns", request.key.netns},
          {"digest", request.digest},
          {"home", request.home}};
}

ordered_json json_of(const DetachRequest& request) {
  return {{"detach", request.key.name}, {"netns", request.key.netns}};
}

ordered_json json_of(const MoveRequest& request) {
  return {{"move", request.from}, {"to", request.to}};
}

ordered_json json_of(const AskRequest& request) {
  return {{"ask", request.text}};
}

Error unreadable(const char* what, const nlohmann::json::exception& error) {
  return {.code = Errc::kInvalid,
          .message = std::string("cannot read ") + what,
          .kernel_text = error.what()};
}

std::vector<UniqueFd> files_of(msghdr& message) {
  std::vector<UniqueFd> files;
  for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr;
       header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
    std::array<int, kMostFiles> numbers{};
    const size_t size = header->cmsg_len - CMSG_LEN(0);
    std::memcpy(numbers.data(), CMSG_DATA(header), size);
    for (size_t each = 0; each < size / sizeof(int); ++each) files.emplace_back(numbers[each]);
  }
  return files;
}

}  // namespace

std::string to_text(const Request& request) {
  return dump(std::visit([](const auto& held) { return json_of(held); }, request));
}

Result<Request> parse_request(const std::string& text) try {
  const auto json = nlohmann::json::parse(text);
  if (json.contains("ask")) return Request(AskRequest{json.at("ask")});
  if (json.contains("move")) return Request(MoveRequest{json.at("move"), json.at("to")});
  if (json.contains("detach")) return Request(DetachRequest{{json.at("netns"), json.at("detach")}});
  return Request(
      AttachRequest{{json.at("netns"), json.at("attach")}, json.at("digest"), json.at("home")});
} catch (const nlohmann::json::exception& error) {
  return unreadable("a request", error);
}

std::string to_answer(const Status& status) {
  if (status.ok()) return dump({{"ok", true}});
  return dump({{"error", status.error().to_string().substr(0, kLongestError)}});
}

Status parse_answer(const std::string& text) try {
  const auto json = nlohmann::json::parse(text);
  if (json.contains("ok")) return {};
  return Error{.code = Errc::kKernel, .message = json.at("error")};
} catch (const nlohmann::json::exception& error) {
  return unreadable("the answer", error);
}

std::string to_line(const ListedAttachment& attachment) {
  return dump({{"name", attachment.key.name},
               {"netns", attachment.key.netns},
               {"identity", {attachment.identity.device, attachment.identity.inode}},
               {"digest", attachment.digest},
               {"home", attachment.home}}) +
         "\n";
}

Result<std::vector<ListedAttachment>> parse_list(const std::string& text) try {
  std::vector<ListedAttachment> attachments;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    const auto json = nlohmann::json::parse(line);
    const auto& identity = json.at("identity");
    attachments.push_back({.key = {json.at("netns"), json.at("name")},
                           .identity = {identity.at(0), identity.at(1)},
                           .digest = json.at("digest"),
                           .home = json.at("home")});
  }
  return attachments;
} catch (const nlohmann::json::exception& error) {
  return unreadable("the list of attachments", error);
}

Status send_message(int socket, const std::string& text, const std::vector<int>& files) {
  EG_CHECK(files.size() <= kMostFiles, "a message has room for its files");
  iovec data{const_cast<char*>(text.data()), text.size()};
  msghdr message{};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  FilesBuffer control{};
  if (!files.empty()) {
    const size_t size = files.size() * sizeof(int);
    message.msg_control = control.bytes.data();
    message.msg_controllen = CMSG_SPACE(size);
    cmsghdr* const header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(size);
    std::memcpy(CMSG_DATA(header), files.data(), size);
  }
  while (sendmsg(socket, &message, MSG_NOSIGNAL) < 0) {
    if (errno != EINTR) return Error::from_errno("send a message");
  }
  return {};
}

Result<Message> receive_message(int socket) {
  Message received;
  received.text.resize(kLargestMessage);
  iovec data{received.text.data(), received.text.size()};
  FilesBuffer control{};
  msghdr message{};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  message.msg_control = control.bytes.data();
  message.msg_controllen = CMSG_LEN(kMostFiles * sizeof(int));  // the padding has room for more
  ssize_t size = 0;
  do {
    size = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
  } while (size < 0 && errno == EINTR);
  if (size < 0 && errno == EAGAIN) {
    return Error{.code = Errc::kBusy, .message = "nothing was said"};
  }
  if (size < 0) return Error::from_errno("receive a message");
  received.files = files_of(message);
  if (size == 0) return Error{.code = Errc::kNotFound, .message = "the other side has gone"};
  if ((message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0) {
    return Error{.code = Errc::kInvalid, .message = "the message is too large"};
  }
  received.text.resize(static_cast<size_t>(size));
  return received;
}

Result<UniqueFd> make_settings_file(const std::string& settings) {
  UniqueFd file(memfd_create("settings", MFD_CLOEXEC));
  if (!file.valid()) return Error::from_errno("make a file of settings");
  for (size_t done = 0; done < settings.size();) {
    const ssize_t size = write(file.get(), settings.data() + done, settings.size() - done);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return Error::from_errno("write settings");
    done += static_cast<size_t>(size);
  }
  return file;
}

Result<std::string> read_settings_file(int file) {
  struct stat about {};
  if (fstat(file, &about) != 0) return Error::from_errno("look at settings");
  std::string settings(static_cast<size_t>(about.st_size), '\0');
  for (size_t done = 0; done < settings.size();) {
    const ssize_t size =
        pread(file, settings.data() + done, settings.size() - done, static_cast<off_t>(done));
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return Error::from_errno("read settings");
    if (size == 0) return Error{.code = Errc::kInvalid, .message = "the settings end too early"};
    done += static_cast<size_t>(size);
  }
  return settings;
}

}  // namespace egress::kernel
