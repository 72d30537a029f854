// SPDX-License-Identifier: MIT
#pragma once

// Netlink requests and their answers, synchronously. libnl builds and reads the messages; the
// sockets are plain ones, because libnl's own lose the raw errno and the kernel's explanation, and
// because it has port numbers for only 1024 of them.

#include <endian.h>
#include <linux/netlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>

#include <array>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <string>
#include <utility>
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
  explicit NlMessage(int type, int flags = 0, size_t room = kUsualRoom);
  // With the family's fixed header.
  template <typename Header>
  requires std::is_class_v<Header> NlMessage(int type, int flags, const Header& header,
                                             size_t room = kUsualRoom)
      : NlMessage(type, flags, room) {
    append(header);
  }
  // A copy of `received` as a request of another type: what was dumped is what gets deleted.
  NlMessage(const nlmsghdr& received, int type);

  void put(int attribute, const void* data, size_t size);
  void put(int attribute, const std::string& text);  // with the closing zero
  void put_u8(int attribute, uint8_t value) { put(attribute, &value, sizeof(value)); }
  void put_u32(int attribute, uint32_t value) { put(attribute, &value, sizeof(value)); }
  void put_address(int attribute, Ipv4Address address);
  nlattr* open_nest(int attribute);
  void close_nest(nlattr* nest);

  // A fixed header inside a nest, where VETH_INFO_PEER has one.
  template <typename Header>
  void append(const Header& header) {
    append(&header, sizeof(header));
  }
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

// The attributes behind a fixed header, or in a nest; numbers and texts that are not there read as
// 0 and empty.
template <int kLast>
class NlAttributes {
 public:
  NlAttributes(const nlmsghdr& message, size_t header_size) {
    nlmsg_parse(const_cast<nlmsghdr*>(&message), static_cast<int>(header_size), all_.data(), kLast,
                nullptr);
  }
  explicit NlAttributes(nlattr* nest) { nla_parse_nested(all_.data(), kLast, nest, nullptr); }
  nlattr* operator[](int type) const { return all_[static_cast<size_t>(type)]; }
  bool has(int type) const { return (*this)[type] != nullptr; }
  uint8_t u8(int type) const { return has(type) ? nla_get_u8((*this)[type]) : uint8_t{0}; }
  uint32_t u32(int type, uint32_t otherwise = 0) const {
    return has(type) ? nla_get_u32((*this)[type]) : otherwise;
  }
  uint32_t big_endian(int type) const { return be32toh(u32(type)); }  // as nf_tables has numbers
  Ipv4Address address(int type) const { return {big_endian(type)}; }
  std::string text(int type) const { return has(type) ? nla_get_string((*this)[type]) : ""; }

 private:
  std::array<nlattr*, kLast + 1> all_{};
};

class NetlinkSocket {
 public:
  // Call in the target namespace; the socket stays with it.
  static Result<NetlinkSocket> open(int protocol);

  using Visit = std::function<void(const nlmsghdr& reply)>;

  // Sends and waits for the kernel's verdict. The error carries errno and the kernel's own words.
  Status request(NlMessage& message, const Visit& visit = {});
  Status request(NlMessage&& message) { return request(message); }
  // What `decode` makes of the one answer; nothing when there is none.
  template <typename Decode>
  auto ask(NlMessage message, const Decode& decode)
      -> Result<decltype(decode(std::declval<const nlmsghdr&>()))> {
    decltype(decode(std::declval<const nlmsghdr&>())) answer;
    RETURN_IF_ERROR(request(message, [&](const nlmsghdr& reply) { answer = decode(reply); }));
    return answer;
  }
  // Sends all at once and waits for the verdict on each that asks for one; the first error whose
  // errno is not among the `harmless` ones.
  Status batch(std::vector<NlMessage>& messages, std::initializer_list<int> harmless = {});
  // What the kernel tells by itself: from now on what it tells everyone in a group, with room for
  // so many bytes of it until it is read.
  Status join(int group);
  Status make_room(size_t bytes);
  int fd() const { return fd_.get(); }
  // Of what was told, until `take` has taken so many messages or no more are there. Does not wait.
  // False when the kernel had more since the last call than there was room for.
  using Take = std::function<bool(const nlmsghdr& message)>;
  Result<bool> drain(size_t most, const Take& take);
  // How much that has been so far, in messages.
  uint64_t dropped() const;

  // Everything of a kind. A dump that changed under way is repeated; kBusy when it never settles.
  Status dump(NlMessage message, const Visit& visit);

 private:
  explicit NetlinkSocket(UniqueFd fd) : fd_(std::move(fd)) {}
  Status send(nlmsghdr& header);
  Status send(const void* bytes, size_t size);
  enum class Ended { kComplete, kInterrupted };
  Result<Ended> receive(uint32_t sequence, const Visit& visit);

  UniqueFd fd_;
  uint32_t sequence_ = 0;
};

}  // namespace egress::kernel
