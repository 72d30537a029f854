// SPDX-License-Identifier: MIT
#pragma once

// Netlink requests and their answers, synchronously. libnl builds and reads the messages; the
// sockets are plain ones, because libnl's own lose the raw errno and the kernel's explanation, and
// because it has port numbers for only 1024 of them.

#include <linux/netlink.h>
#include <netlink/msg.h>

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <vector>

#include "base/ip.hpp"
#include "base/result.hpp"
#include "base/unique_fd.hpp"

namespace egress::kernel {

// A request under construction. Its room is fixed and far above what any of ours needs; running
// over is a bug of ours and ends the process.
class NlMessage {
 public:
  static constexpr size_t kUsualRoom = 8192;
  NlMessage(int type, int flags, size_t room = kUsualRoom);
  // A copy of `received` as a request of another type: what was dumped is what gets deleted.
  NlMessage(const nlmsghdr& received, int type);

  // Appends the family's fixed header.
  template <typename Header>
  void put_header(const Header& header) {
    append(&header, sizeof(header));
  }
  void put(int attribute, const void* data, size_t size);
  void put(int attribute, const std::string& text);  // with the closing zero
  void put_u8(int attribute, uint8_t value) { put(attribute, &value, sizeof(value)); }
  void put_u32(int attribute, uint32_t value) { put(attribute, &value, sizeof(value)); }
  void put_address(int attribute, Ipv4Address address);
  nlattr* open_nest(int attribute);
  void close_nest(nlattr* nest);

  // A fixed header inside a nest, where VETH_INFO_PEER has one.
  void append(const void* data, size_t size);

  nlmsghdr* header() { return nlmsg_hdr(message_.get()); }

 private:
  struct Free {
    void operator()(nl_msg* message) const { nlmsg_free(message); }
  };
  std::unique_ptr<nl_msg, Free> message_;
};

// Whether all attributes behind a fixed header of `header_size` bytes are of known types. Types
// that are newer than the headers we were built with count as unknown.
bool has_only(const nlmsghdr& message, size_t header_size, std::initializer_list<int> known);

// The messages that answered one request, in order.
class NlReplies {
 public:
  void append(const nlmsghdr& message);
  void clear() { bytes_.clear(); }
  bool empty() const { return bytes_.empty(); }
  const nlmsghdr* first() const;

  template <typename Visitor>
  void for_each(const Visitor& visit) const {
    size_t offset = 0;
    while (offset < bytes_.size()) {
      const auto* message = reinterpret_cast<const nlmsghdr*>(bytes_.data() + offset);
      visit(*message);
      offset += NLMSG_ALIGN(message->nlmsg_len);
    }
  }

 private:
  std::vector<char> bytes_{};
};

class NetlinkSocket {
 public:
  // Call in the target namespace; the socket stays with it.
  static Result<NetlinkSocket> open(int protocol);

  // Sends and waits for the kernel's verdict. The error carries errno and the kernel's own words.
  Status request(NlMessage& message);
  // The same for questions with one answer.
  Result<NlReplies> get(NlMessage& message);
  // Sends all at once and waits for the verdict on each that asks for one; the first error.
  Status batch(std::vector<NlMessage>& messages);
  // Everything of a kind. A dump that changed under way is repeated; kBusy when it never settles.
  Result<NlReplies> dump(NlMessage& message);

 private:
  explicit NetlinkSocket(UniqueFd fd) : fd_(std::move(fd)) {}
  Status send(nlmsghdr& header);
  Status send(const void* bytes, size_t size);
  enum class Ended { kComplete, kInterrupted };
  Result<Ended> receive(uint32_t sequence, NlReplies& replies);

  UniqueFd fd_;
  uint32_t sequence_ = 0;
};

}  // namespace egress::kernel
