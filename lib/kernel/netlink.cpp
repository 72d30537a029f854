// SPDX-License-Identifier: MIT
#include "kernel/netlink.hpp"

#include <arpa/inet.h>
#include <linux/sock_diag.h>
#include <netlink/attr.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "kernel/high_fd.hpp"

namespace egress::kernel {
namespace {

constexpr time_t kReplySeconds = 10;
constexpr int kDumpAttempts = 8;

// The kernel fills at most 32 KiB of a dump into one answer.
std::array<char, 65536>& reply_buffer() {
  alignas(nlmsghdr) static thread_local std::array<char, 65536> buffer;
  return buffer;
}

bool is_end(const nlmsghdr& message) {
  return message.nlmsg_type == NLMSG_ERROR || message.nlmsg_type == NLMSG_DONE;
}

// Attributes behind an error or the end of a dump; NLM_F_ACK_TLVS says that there are any.
std::string kernel_words(const nlmsghdr& message) {
  if ((message.nlmsg_flags & NLM_F_ACK_TLVS) == 0) return {};
  size_t fixed = sizeof(int);
  if (message.nlmsg_type == NLMSG_ERROR) {
    const auto* error = static_cast<const nlmsgerr*>(NLMSG_DATA(&message));
    fixed = sizeof(nlmsgerr);
    if ((message.nlmsg_flags & NLM_F_CAPPED) == 0) fixed += error->msg.nlmsg_len - NLMSG_HDRLEN;
  }
  const auto* text = nlmsg_find_attr(const_cast<nlmsghdr*>(&message),
                                     static_cast<int>(NLMSG_ALIGN(fixed)), NLMSGERR_ATTR_MSG);
  if (text == nullptr || nla_len(text) == 0) return {};
  const auto* begin = static_cast<const char*>(nla_data(text));
  return {begin, strnlen(begin, static_cast<size_t>(nla_len(text)))};
}

// Both ends start with the negated errno; 0 is success.
Status verdict(const nlmsghdr& message) {
  int code = 0;
  std::memcpy(&code, NLMSG_DATA(&message), sizeof(code));
  if (code == 0) return {};
  Error error = Error::from_errno("", -code);
  error.kernel_text = kernel_words(message);
  return error;
}

bool is_among(int code, std::initializer_list<int> codes) {
  return std::find(codes.begin(), codes.end(), code) != codes.end();
}

}  // namespace

NlMessage::NlMessage(int type, int flags, size_t room) : message_(nlmsg_alloc_size(room)) {
  EG_CHECK(message_ != nullptr, "out of memory");
  EG_CHECK(nlmsg_put(message_.get(), 0, 0, type, 0, NLM_F_REQUEST | flags) != nullptr,
           "a netlink header fits an empty message");
}

NlMessage::NlMessage(const nlmsghdr& received, int type)
    : NlMessage(type, 0, std::max(kUsualRoom, size_t{received.nlmsg_len})) {
  append(NLMSG_DATA(&received), received.nlmsg_len - NLMSG_HDRLEN);
}

void NlMessage::append(const void* data, size_t size) {
  EG_CHECK(nlmsg_append(message_.get(), const_cast<void*>(data), size, NLMSG_ALIGNTO) == 0,
           "a netlink request is too large");
}

void NlMessage::put(int attribute, const void* data, size_t size) {
  EG_CHECK(nla_put(message_.get(), attribute, static_cast<int>(size), data) == 0,
           "a netlink request is too large");
}

void NlMessage::put(int attribute, const std::string& text) {
  put(attribute, text.c_str(), text.size() + 1);
}

void NlMessage::put_address(int attribute, Ipv4Address address) {
  put_u32(attribute, htonl(address.bits));
}

nlattr* NlMessage::open_nest(int attribute) {
  nlattr* nest = nla_nest_start(message_.get(), attribute | NLA_F_NESTED);
  EG_CHECK(nest != nullptr, "a netlink request is too large");
  return nest;
}

void NlMessage::close_nest(nlattr* nest) {
  nla_nest_end(message_.get(), nest);
}

bool has_only(const nlmsghdr& message, size_t header_size, std::initializer_list<int> known) {
  const int fixed = static_cast<int>(header_size);
  const nlattr* attribute = nlmsg_attrdata(&message, fixed);
  int left = nlmsg_attrlen(&message, fixed);
  for (; nla_ok(attribute, left) != 0; attribute = nla_next(attribute, &left)) {
    if (std::find(known.begin(), known.end(), nla_type(attribute)) == known.end()) return false;
  }
  return true;
}

Result<NetlinkSocket> NetlinkSocket::open(int protocol) {
  UniqueFd low(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol));
  if (!low.valid()) return Error::from_errno("open a netlink socket");
  const int on = 1;
  const timeval patience{.tv_sec = kReplySeconds, .tv_usec = 0};
  sockaddr_nl any{};
  any.nl_family = AF_NETLINK;
  if (setsockopt(low.get(), SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof(on)) != 0 ||
      setsockopt(low.get(), SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof(on)) != 0 ||
      setsockopt(low.get(), SOL_NETLINK, NETLINK_GET_STRICT_CHK, &on, sizeof(on)) != 0 ||
      setsockopt(low.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) != 0 ||
      bind(low.get(), reinterpret_cast<const sockaddr*>(&any), sizeof(any)) != 0) {
    return Error::from_errno("set up a netlink socket");
  }
  ASSIGN_OR_RETURN(UniqueFd fd, move_high(std::move(low)));
  return NetlinkSocket(std::move(fd));
}

Status NetlinkSocket::send(const void* bytes, size_t size) {
  sockaddr_nl kernel{};
  kernel.nl_family = AF_NETLINK;
  ssize_t sent = 0;
  do {
    sent = sendto(fd_.get(), bytes, size, 0, reinterpret_cast<const sockaddr*>(&kernel),
                  sizeof(kernel));
  } while (sent < 0 && errno == EINTR);
  if (sent < 0) return Error::from_errno("send a netlink request");
  return {};
}

Status NetlinkSocket::send(nlmsghdr& header) {
  header.nlmsg_seq = ++sequence_;
  return send(&header, header.nlmsg_len);
}

Result<NetlinkSocket::Ended> NetlinkSocket::receive(uint32_t sequence, const Visit& visit) {
  auto& buffer = reply_buffer();
  Ended ended = Ended::kComplete;
  while (true) {
    const ssize_t size = recv(fd_.get(), buffer.data(), buffer.size(), MSG_TRUNC);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return Error::from_errno("receive a netlink answer");
    if (static_cast<size_t>(size) > buffer.size()) {
      return Error{.code = Errc::kKernel,
                   .message = "a netlink answer of " + std::to_string(size) + " bytes"};
    }
    int left = static_cast<int>(size);
    auto* message = reinterpret_cast<nlmsghdr*>(buffer.data());
    for (; nlmsg_ok(message, left) != 0; message = nlmsg_next(message, &left)) {
      if (message->nlmsg_seq != sequence) continue;
      if ((message->nlmsg_flags & NLM_F_DUMP_INTR) != 0) ended = Ended::kInterrupted;
      if (is_end(*message)) {
        RETURN_IF_ERROR(verdict(*message));
        return ended;
      }
      if (visit) visit(*message);
    }
  }
}

Status NetlinkSocket::request(NlMessage& message, const Visit& visit) {
  nlmsghdr& header = *message.header();
  header.nlmsg_flags |= NLM_F_ACK;
  RETURN_IF_ERROR(send(header));
  RETURN_IF_ERROR(receive(header.nlmsg_seq, visit));
  return {};
}

Status NetlinkSocket::batch(std::vector<NlMessage>& messages, std::initializer_list<int> harmless) {
  std::vector<char> bytes;
  for (NlMessage& message : messages) {
    nlmsghdr& header = *message.header();
    header.nlmsg_seq = ++sequence_;
    const auto* begin = reinterpret_cast<const char*>(&header);
    bytes.insert(bytes.end(), begin, begin + header.nlmsg_len);
    bytes.resize(NLMSG_ALIGN(bytes.size()));
  }
  const int room = static_cast<int>(2 * bytes.size());
  // Only the machine's own root may go beyond net.core.wmem_max.
  if (setsockopt(fd_.get(), SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof(room)) != 0 &&
      setsockopt(fd_.get(), SOL_SOCKET, SO_SNDBUF, &room, sizeof(room)) != 0) {
    return Error::from_errno("make room for a netlink batch");
  }
  RETURN_IF_ERROR(send(bytes.data(), bytes.size()));
  for (NlMessage& message : messages) {
    if ((message.header()->nlmsg_flags & NLM_F_ACK) == 0) continue;
    auto ended = receive(message.header()->nlmsg_seq, {});
    if (ended.ok() || is_among(ended.error().sys_errno, harmless)) continue;
    return std::move(ended).error();
  }
  return {};
}

Status NetlinkSocket::join(int group) {
  if (setsockopt(fd_.get(), SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)) != 0) {
    return Error::from_errno("join group " + std::to_string(group));
  }
  return {};
}

Status NetlinkSocket::make_room(size_t bytes) {
  const int room = static_cast<int>(bytes);
  // Only the machine's own root may go beyond net.core.rmem_max.
  if (setsockopt(fd_.get(), SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room)) != 0 &&
      setsockopt(fd_.get(), SOL_SOCKET, SO_RCVBUF, &room, sizeof(room)) != 0) {
    return Error::from_errno("make room for what the kernel tells");
  }
  return {};
}

Result<bool> NetlinkSocket::drain(size_t most, const Take& take) {
  bool complete = true;
  for (size_t taken = 0; taken < most;) {
    const ssize_t size =
        recv(fd_.get(), reply_buffer().data(), reply_buffer().size(), MSG_DONTWAIT | MSG_TRUNC);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0 && errno == EAGAIN) break;
    if (size < 0 && errno != ENOBUFS) return Error::from_errno("receive what the kernel tells");
    if (size < 0 || static_cast<size_t>(size) > reply_buffer().size()) {
      complete = false;
      continue;
    }
    int left = static_cast<int>(size);
    auto* message = reinterpret_cast<nlmsghdr*>(reply_buffer().data());
    for (; nlmsg_ok(message, left) != 0; message = nlmsg_next(message, &left)) {
      if (!is_end(*message) && take(*message)) ++taken;
    }
  }
  return complete;
}

uint64_t NetlinkSocket::dropped() const {
  std::array<uint32_t, SK_MEMINFO_VARS> memory{};
  socklen_t size = sizeof(memory);
  if (getsockopt(fd_.get(), SOL_SOCKET, SO_MEMINFO, memory.data(), &size) != 0) return 0;
  return memory[SK_MEMINFO_DROPS];
}

Status NetlinkSocket::dump(NlMessage message, const Visit& visit) {
  nlmsghdr& header = *message.header();
  header.nlmsg_flags |= NLM_F_DUMP;
  for (int attempt = 0; attempt < kDumpAttempts; ++attempt) {
    std::vector<char> replies;  // whole messages, one behind the other
    RETURN_IF_ERROR(send(header));
    ASSIGN_OR_RETURN(const Ended ended, receive(header.nlmsg_seq, [&](const nlmsghdr& reply) {
                       const auto* begin = reinterpret_cast<const char*>(&reply);
                       replies.insert(replies.end(), begin, begin + NLMSG_ALIGN(reply.nlmsg_len));
                     }));
    if (ended == Ended::kInterrupted) continue;
    int left = static_cast<int>(replies.size());
    auto* reply = reinterpret_cast<nlmsghdr*>(replies.data());
    for (; nlmsg_ok(reply, left) != 0; reply = nlmsg_next(reply, &left)) visit(*reply);
    return {};
  }
  return Error{.code = Errc::kBusy, .message = "the kernel's tables change faster than they list"};
}

}  // namespace egress::kernel
