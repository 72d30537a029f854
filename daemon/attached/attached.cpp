// SPDX-License-Identifier: MIT
#include "attached/attached.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace egress::attached {
namespace {

constexpr int kBacklog = 64;
constexpr const char* kNewList = ".attached.new";

}  // namespace

Result<UniqueFd> listen_in_folder(const char* name) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, name, sizeof address.sun_path - 1);
  UniqueFd socket(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  // Who can connect is decided before anybody can.
  if (!socket.valid() || ::fchmod(socket.get(), 0600) < 0 ||
      ::bind(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) < 0 ||
      ::listen(socket.get(), kBacklog) < 0) {
    return Error::from_errno(std::string("listen at ") + name);
  }
  return socket;
}

Result<std::unique_ptr<Attached>> Attached::listen(uv::Loop& loop, Attach attach, Detach detach,
                                                   Move move, Ask ask) {
  UniqueFd folder(::open(".", O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!folder.valid()) return Error::from_errno("open the working directory");
  ASSIGN_OR_RETURN(UniqueFd socket, listen_in_folder(kernel::kControlName));
  return std::unique_ptr<Attached>(new Attached(loop, std::move(folder), std::move(socket),
                                                std::move(attach), std::move(detach),
                                                std::move(move), std::move(ask)));
}

Attached::Attached(uv::Loop& loop, UniqueFd folder, UniqueFd socket, Attach attach, Detach detach,
                   Move move, Ask ask)
    : loop_(loop),
      folder_(std::move(folder)),
      socket_(std::move(socket)),
      attach_(std::move(attach)),
      detach_(std::move(detach)),
      move_(std::move(move)),
      ask_(std::move(ask)),
      poll_(loop, socket_.get(), [this] { accept_all(); }) {
  poll_.start();
}

void Attached::accept_all() {
  while (true) {
    UniqueFd socket(::accept4(socket_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!socket.valid()) return;
    const int number = socket.get();
    Connection& connection = connections_[number];
    connection.socket = std::move(socket);
    connection.poll = std::make_unique<uv::Poll>(loop_, number, [this, number] { serve(number); });
    connection.poll->start();
  }
}

void Attached::serve(int number) {
  auto message = kernel::receive_message(number);
  if (!message.ok() && message.error().code == Errc::kBusy) return;
  if (message.ok()) answer(number, *std::move(message));
  connections_.erase(number);
}

// Nobody waits for an answer that cannot be sent.
void Attached::answer(int socket, kernel::Message message) {
  const auto request = kernel::parse_request(message.text);
  if (!request.ok()) {
    (void)kernel::send_message(socket, kernel::to_answer(request.error()));
  } else if (const auto* question = std::get_if<kernel::AskRequest>(&*request)) {
    const auto file = answer_file(question->text);
    (void)kernel::send_message(socket, kernel::to_answer(file.ok() ? Status() : file.error()),
                               file.ok() ? std::vector{file->get()} : std::vector<int>());
  } else {
    const Status changed = change(*request, std::move(message.files));
    (void)kernel::send_message(socket, kernel::to_answer(changed));
  }
}

Result<UniqueFd> Attached::answer_file(const std::string& question) const {
  if (!ask_) {
    return Error{.code = Errc::kUnsupported, .message = "this program answers no questions"};
  }
  ASSIGN_OR_RETURN(const std::string answered, ask_(question));
  return kernel::make_settings_file(answered);
}

Status Attached::change(const kernel::Request& request, std::vector<UniqueFd> files) {
  if (const auto* wanted = std::get_if<kernel::AttachRequest>(&request)) {
    return attach(*wanted, std::move(files));
  }
  if (const auto* moved = std::get_if<kernel::MoveRequest>(&request)) return move(*moved);
  return detach(std::get<kernel::DetachRequest>(request).key);
}

Status Attached::attach(const kernel::AttachRequest& request, std::vector<UniqueFd> files) {
  if (files.size() != (request.home ? 3U : 2U)) {
    return Error{.code = Errc::kInvalid, .message = "the descriptors do not fit the request"};
  }
  ASSIGN_OR_RETURN(const kernel::NetnsIdentity identity,
                   kernel::netns_identity("/proc/self/fd/" + std::to_string(files[0].get())));
  ASSIGN_OR_RETURN(std::string settings, kernel::read_settings_file(files[1].get()));
  const kernel::ListedAttachment wanted{request.key, identity, request.digest, request.home};
  const auto present = listed_.find(request.key);
  if (present != listed_.end() && present->second.attachment.identity != identity) {
    RETURN_IF_ERROR(detach(request.key));
  }
  Place place{.netns = request.key.netns, .name = request.key.name};
  place.netns_fd = std::move(files[0]);
  if (request.home) place.home_fd = std::move(files[2]);
  place.settings = std::move(settings);
  RETURN_IF_ERROR(attach_(std::move(place)));
  listed_[request.key] = {wanted, kernel::to_line(wanted)};
  return write_list();
}

Status Attached::detach(const kernel::AttachmentKey& key) {
  if (listed_.erase(key) != 0) detach_(key.netns, key.name);
  return write_list();
}

// All of a namespace or nothing.
Status Attached::move(const kernel::MoveRequest& request) {
  const auto is_in = [](const std::string& netns) {
    return [&netns](const auto& entry) { return entry.first.netns == netns; };
  };
  if (std::none_of(listed_.begin(), listed_.end(), is_in(request.from))) return {};
  if (std::any_of(listed_.begin(), listed_.end(), is_in(request.to))) {
    return Error{.code = Errc::kConflict,
                 .message = "something is attached in " + request.to + " already"};
  }
  std::map<kernel::AttachmentKey, Listed> moved;
  for (auto& [key, listed] : listed_) {
    kernel::ListedAttachment& attachment = listed.attachment;
    if (attachment.key.netns == request.from) {
      attachment.key.netns = request.to;
      listed.line = kernel::to_line(attachment);
      move_(request.from, request.to, attachment.key.name);
    }
    moved[attachment.key] = std::move(listed);
  }
  listed_ = std::move(moved);
  return write_list();
}

// Who reads it finds the old list or the new one; without attachments there is none.
Status Attached::write_list() const {
  if (listed_.empty()) {
    if (::unlinkat(folder_.get(), kernel::kAttachedName, 0) == 0 || errno == ENOENT) return {};
    return Error::from_errno("remove the list of attachments");
  }
  std::string text;
  for (const auto& [key, listed] : listed_) text += listed.line;
  UniqueFd file(::openat(folder_.get(), kNewList,
                         O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!file.valid()) return Error::from_errno("make the list of attachments");
  const ssize_t written = ::write(file.get(), text.data(), text.size());
  if (written != static_cast<ssize_t>(text.size())) {
    return Error::from_errno("write the list of attachments", written < 0 ? errno : ENOSPC);
  }
  if (::renameat(folder_.get(), kNewList, folder_.get(), kernel::kAttachedName) < 0) {
    return Error::from_errno("replace the list of attachments");
  }
  return {};
}

}  // namespace egress::attached
