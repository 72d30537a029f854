// SPDX-License-Identifier: MIT
#pragma once

// IPv4 packets byte by byte, as whoever forges them writes them, and the two ends that send and see
// them past everything the kernel does for sockets.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/ip.hpp"
#include "base/unique_fd.hpp"

namespace egress::kernel_tests {

using Bytes = std::vector<uint8_t>;

struct Ends {
  Ipv4Address source{};
  Ipv4Address destination{};
};
struct Ports {
  uint16_t source = 0;
  uint16_t destination = 0;
};

// `fragment` is the header's field: flags (IP_MF), and the offset in units of 8 bytes.
Bytes ip_packet(const Ends& ends, uint8_t protocol, const Bytes& payload, uint16_t fragment = 0);
// `flags` are TH_SYN and the like.
Bytes tcp_packet(const Ends& ends, const Ports& ports, uint8_t flags, const Bytes& payload = {});
Bytes udp_packet(const Ends& ends, const Ports& ports, const Bytes& payload = {'x'});
// `rest` is the second word of the header.
Bytes icmp_packet(const Ends& ends, uint8_t type, uint8_t code, const Bytes& payload,
                  uint32_t rest = 0);
// Behind the IP header, which stays right.
Bytes with_byte_changed(Bytes packet, size_t offset);
// The identification by which a packet is known again at the other end.
Bytes numbered(Bytes packet, uint16_t id);

// Sends whole packets from a link to the router behind it.
class RawSender {
 public:
  RawSender(const std::string& netns, const std::string& link);
  void send(const Bytes& packet) const;

 private:
  int link_ = 0;  // before the socket, whose making finds it
  UniqueFd fd_{};
};

struct Seen {
  std::string netns{};
  Ipv4Address source{};
  uint16_t id = 0;
};

// Sees what comes to a namespace, before any firewall there does.
class RawWatcher {
 public:
  explicit RawWatcher(std::string netns);
  // The next packet that came since; empty when there is none now.
  std::optional<Seen> next() const;

 private:
  std::string netns_;
  UniqueFd fd_{};
};

}  // namespace egress::kernel_tests
