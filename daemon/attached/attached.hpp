// SPDX-License-Identifier: MIT
#pragma once

// The side of attachments (state::Attachment) of a program that takes them: what it is to do in a
// namespace, as settings that change in place. A program listens for them before it says that it is
// ready (standing.hpp) and has none at first.

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "base/result.hpp"
#include "base/unique_fd.hpp"
#include "kernel/attachment/protocol.hpp"
#include "uv/loop.hpp"

namespace egress::attached {

// The namespace, to be entered for opening sockets (kernel::open_inside).
struct Place {
  std::string netns{};  // its name; with `name` what the attachment is known by
  std::string name{};
  UniqueFd netns_fd{};
  UniqueFd home_fd{};  // the daemon's own namespace where the attachment needs it, else none
  std::string settings{};
};

// Takes connections in the working directory, at a name of kernel/attachment/protocol.hpp, which
// its own user alone can open. Does not block.
Result<UniqueFd> listen_in_folder(const char* name);

class Attached {
 public:
  // For a new attachment, and for other settings of one that is there, always of the same
  // namespace then; for the same settings when links of the namespace have been made anew. After an
  // error what was in force must still be: nothing for a new one. The error's text is what users
  // read.
  using Attach = std::function<Status(Place)>;
  using Detach = std::function<void(const std::string& netns, const std::string& name)>;
  // The namespace of an attachment has another name, by which alone it is spoken of from now on.
  // Nothing ends for it.
  using Move =
      std::function<void(const std::string& from, const std::string& to, const std::string& name)>;
  // The answer to a question.
  using Ask = std::function<Result<std::string>(const std::string& question)>;

  // Listens in the working directory, in which the program may but need not stay. The object must
  // be gone before the loop is. Without `ask` it is asked for nothing else.
  static Result<std::unique_ptr<Attached>> listen(uv::Loop& loop, Attach attach, Detach detach,
                                                  Move move, Ask ask = nullptr);
  Attached(const Attached&) = delete;
  Attached& operator=(const Attached&) = delete;

 private:
  // One client, which asks for one thing.
  struct Connection {
    UniqueFd socket{};
    std::unique_ptr<uv::Poll> poll{};
  };
  struct Listed {
    kernel::ListedAttachment attachment{};
    std::string line{};
  };

  Attached(uv::Loop& loop, UniqueFd folder, UniqueFd socket, Attach attach, Detach detach,
           Move move, Ask ask);
  void accept_all();
  void serve(int number);
  void answer(int socket, kernel::Message message);
  Status change(const kernel::Request& request, std::vector<UniqueFd> files);
  Result<UniqueFd> answer_file(const std::string& question) const;
  Status attach(const kernel::AttachRequest& request, std::vector<UniqueFd> files);
  Status detach(const kernel::AttachmentKey& key);
  Status move(const kernel::MoveRequest& request);
  Status write_list() const;

  uv::Loop& loop_;
  UniqueFd folder_;
  UniqueFd socket_;
  Attach attach_;
  Detach detach_;
  Move move_;
  Ask ask_;
  std::map<kernel::AttachmentKey, Listed> listed_{};
  std::map<int, Connection> connections_{};  // by the socket's number
  uv::Poll poll_;
};

}  // namespace egress::attached
