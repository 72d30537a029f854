// SPDX-License-Identifier: MIT
#pragma once

// What the daemon and a program of ours that takes attachments (state::Attachment) say to each
// other. The program listens on a SOCK_SEQPACKET socket in its folder, which only its own user can
// open; a connection carries one request and its answer, a message each. What the program has
// attached it lists in a file beside the socket, which is replaced whole, so that who looks needs
// no answer of the program's.

#include <compare>
#include <string>
#include <variant>
#include <vector>

#include "base/result.hpp"
#include "base/unique_fd.hpp"
#include "kernel/netns_scope.hpp"

namespace egress::kernel {

inline constexpr const char* kControlName = ".control";
inline constexpr const char* kAttachedName = ".attached";
// Where a program of which there is a stream to read listens for readers, in messages of its own.
inline constexpr const char* kRecordsName = ".records";

// Which attachment of a program it is: one of a name in a namespace, by the namespace's name.
struct AttachmentKey {
  std::string netns{};
  std::string name{};
  auto operator<=>(const AttachmentKey&) const = default;
};

// Goes with the descriptors of the namespace, of a file that holds the settings and, for `home`,
// of the daemon's own namespace.
struct AttachRequest {
  AttachmentKey key{};
  std::string digest{};  // of the settings
  bool home = false;
  bool operator==(const AttachRequest&) const = default;
};
struct DetachRequest {
  AttachmentKey key{};
  bool operator==(const DetachRequest&) const = default;
};
// A namespace has another name: what is attached there stays as it is, under that.
struct MoveRequest {
  std::string from{};
  std::string to{};
  bool operator==(const MoveRequest&) const = default;
};
// A question in the program's own words, which each program says for itself what to make of. The
// answer is a text of any length, and comes in a file beside the message.
struct AskRequest {
  std::string text{};
  bool operator==(const AskRequest&) const = default;
};
using Request = std::variant<AttachRequest, DetachRequest, MoveRequest, AskRequest>;

std::string to_text(const Request& request);
Result<Request> parse_request(const std::string& text);

// "ok", or what went wrong.
std::string to_answer(const Status& status);
// The error is the program's own, or kInvalid when there is none to read.
Status parse_answer(const std::string& text);

// A line of the list.
struct ListedAttachment {
  AttachmentKey key{};
  NetnsIdentity identity{};
  std::string digest{};
  bool home = false;
  bool operator==(const ListedAttachment&) const = default;
};
std::string to_line(const ListedAttachment& attachment);
Result<std::vector<ListedAttachment>> parse_list(const std::string& text);

struct Message {
  std::string text{};
  std::vector<UniqueFd> files{};
};
// Borrows `files`.
Status send_message(int socket, const std::string& text, const std::vector<int>& files = {});
// kNotFound when the other side has gone, kBusy when it has said nothing (yet).
Result<Message> receive_message(int socket);

// A file without a name, and what is in one.
Result<UniqueFd> make_settings_file(const std::string& settings);
Result<std::string> read_settings_file(int file);

}  // namespace egress::kernel
