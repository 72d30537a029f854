// SPDX-License-Identifier: MIT
#pragma once

// Datagrams of one flow that come one behind the other from a TUN device, as one packet of many
// segments for another: the kernel takes the way through a router once for all of them and has them
// again where they leave it or where a socket takes them (UDP segmentation, SKB_GSO_UDP_L4). A TUN
// device takes such packets since Linux 6.2. Each packet has virtio's header in front (device.hpp).

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace egress::kernel {

inline constexpr size_t kMostJoined = 64;  // UDP_MAX_SEGMENTS

class JoinedDatagrams {
 public:
  JoinedDatagrams();

  bool empty() const { return count_ == 0; }
  size_t count() const { return count_; }
  // Of the packets that were added, without virtio's headers.
  size_t bytes() const;

  // False when the packet has to go on its own, behind what is joined: it is none whose segment
  // would be the packet that it was. Only such are joined as have the checksum still to be
  // computed, no options of IP and "do not fragment", whose identification means nothing (RFC
  // 6864, section 4.1); they differ in nothing but their payload, and all but the last are of one
  // size.
  bool add(std::span<const uint8_t> packet);

  // What add() took, to be written in one call; what it took one of is as it was.
  std::span<const uint8_t> packet();
  void clear();

 private:
  bool fits(std::span<const uint8_t> packet) const;

  std::vector<uint8_t> bytes_{};
  size_t payload_ = 0;  // of each but the last, in bytes
  size_t count_ = 0;
  bool complete_ = false;  // the last is a shorter one
};

}  // namespace egress::kernel
