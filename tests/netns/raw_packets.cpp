// SPDX-License-Identifier: MIT
#include "tests/netns/raw_packets.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>

#include "compile/names.hpp"
#include "kernel/netns.hpp"
#include "tests/support/values.hpp"

namespace egress::kernel_tests {
namespace {

constexpr size_t kIpHeader = 20;
constexpr size_t kIdentification = 4;  // offsets in the header
constexpr size_t kHeaderChecksum = 10;
constexpr uint8_t kDoNotCare = 64;  // time to live

void put16(Bytes& bytes, size_t offset, uint32_t value) {
  bytes[offset] = static_cast<uint8_t>(value >> 8U);
  bytes[offset + 1] = static_cast<uint8_t>(value);
}

void append16(Bytes& bytes, uint32_t value) {
  bytes.push_back(static_cast<uint8_t>(value >> 8U));
  bytes.push_back(static_cast<uint8_t>(value));
}

void append32(Bytes& bytes, uint32_t value) {
  append16(bytes, value >> 16U);
  append16(bytes, value);
}

uint16_t checksum(const Bytes& bytes) {
  uint32_t sum = 0;
  for (size_t i = 0; i < bytes.size(); ++i) {
    sum += i % 2 == 0 ? uint32_t{bytes[i]} << 8U : uint32_t{bytes[i]};
  }
  while (sum >> 16U != 0) sum = (sum & 0xffffU) + (sum >> 16U);
  return static_cast<uint16_t>(~sum);
}

// Of TCP and UDP, whose sum covers the addresses too.
uint16_t checksum(const Ends& ends, uint8_t protocol, const Bytes& segment) {
  Bytes all;
  append32(all, ends.source.bits);
  append32(all, ends.destination.bits);
  append16(all, protocol);
  append16(all, static_cast<uint32_t>(segment.size()));
  all.insert(all.end(), segment.begin(), segment.end());
  return checksum(all);
}

UniqueFd packet_socket(const std::string& netns, uint16_t protocol, const std::string& link,
                       int* index) {
  const UniqueFd place(::open(("/run/netns/" + netns).c_str(), O_RDONLY | O_CLOEXEC));
  EXPECT_TRUE(place.valid()) << netns;
  const auto scope = kernel::NetnsScope::enter(place.get());
  EXPECT_TRUE(scope.ok()) << netns;
  if (index != nullptr) {
    *index = static_cast<int>(::if_nametoindex(link.c_str()));
    EXPECT_NE(*index, 0) << link << " in " << netns;
  }
  UniqueFd fd(::socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, htons(protocol)));
  EXPECT_TRUE(fd.valid());
  return fd;
}

}  // namespace

Bytes ip_packet(const Ends& ends, uint8_t protocol, const Bytes& payload, uint16_t fragment) {
  Bytes packet = {0x45, 0};
  append16(packet, static_cast<uint32_t>(kIpHeader + payload.size()));
  append16(packet, 0);
  append16(packet, fragment);
  packet.push_back(kDoNotCare);
  packet.push_back(protocol);
  append16(packet, 0);
  append32(packet, ends.source.bits);
  append32(packet, ends.destination.bits);
  put16(packet, kHeaderChecksum, checksum(packet));
  packet.insert(packet.end(), payload.begin(), payload.end());
  return packet;
}

Bytes tcp_packet(const Ends& ends, const Ports& ports, uint8_t flags, const Bytes& payload) {
  constexpr uint32_t kSequence = 1000;
  constexpr uint32_t kAcknowledged = 2000;
  constexpr uint32_t kWindow = 8192;
  constexpr size_t kChecksum = 16;
  Bytes segment;
  append16(segment, ports.source);
  append16(segment, ports.destination);
  append32(segment, kSequence);
  append32(segment, kAcknowledged);
  segment.insert(segment.end(), {0x50, flags});
  append16(segment, kWindow);
  append32(segment, 0);
  segment.insert(segment.end(), payload.begin(), payload.end());
  put16(segment, kChecksum, checksum(ends, testing_support::kTcp, segment));
  return ip_packet(ends, testing_support::kTcp, segment);
}

Bytes udp_packet(const Ends& ends, const Ports& ports, const Bytes& payload) {
  constexpr size_t kHeader = 8;
  constexpr size_t kChecksum = 6;
  Bytes datagram;
  append16(datagram, ports.source);
  append16(datagram, ports.destination);
  append16(datagram, static_cast<uint32_t>(kHeader + payload.size()));
  append16(datagram, 0);
  datagram.insert(datagram.end(), payload.begin(), payload.end());
  put16(datagram, kChecksum, checksum(ends, testing_support::kUdp, datagram));
  return ip_packet(ends, testing_support::kUdp, datagram);
}

Bytes icmp_packet(const Ends& ends, uint8_t type, uint8_t code, const Bytes& payload,
                  uint32_t rest) {
  constexpr size_t kChecksum = 2;
  Bytes message = {type, code, 0, 0};
  append32(message, rest);
  message.insert(message.end(), payload.begin(), payload.end());
  put16(message, kChecksum, checksum(message));
  return ip_packet(ends, testing_support::kIcmp, message);
}

Bytes with_byte_changed(Bytes packet, size_t offset) {
  packet.at(kIpHeader + offset) ^= 0xffU;
  return packet;
}

Bytes numbered(Bytes packet, uint16_t id) {
  put16(packet, kIdentification, id);
  put16(packet, kHeaderChecksum, 0);
  put16(packet, kHeaderChecksum, checksum(Bytes(packet.begin(), packet.begin() + kIpHeader)));
  return packet;
}

RawSender::RawSender(const std::string& netns, const std::string& link)
    : fd_(packet_socket(netns, 0, link, &link_)) {}

void RawSender::send(const Bytes& packet) const {
  sockaddr_ll to{};
  to.sll_family = AF_PACKET;
  to.sll_protocol = htons(ETH_P_IP);
  to.sll_ifindex = link_;
  to.sll_halen = ETH_ALEN;
  std::copy(compile::kRouterMac.octets.begin(), compile::kRouterMac.octets.end(), to.sll_addr);
  EXPECT_EQ(::sendto(fd_.get(), packet.data(), packet.size(), 0,
                     reinterpret_cast<const sockaddr*>(&to), sizeof to),
            static_cast<ssize_t>(packet.size()));
}

RawWatcher::RawWatcher(std::string netns)
    : netns_(std::move(netns)), fd_(packet_socket(netns_, ETH_P_IP, {}, nullptr)) {}

std::optional<Seen> RawWatcher::next() const {
  std::array<uint8_t, 64> packet{};
  while (true) {
    sockaddr_ll from{};
    socklen_t size = sizeof from;
    const ssize_t got = ::recvfrom(fd_.get(), packet.data(), packet.size(), 0,
                                   reinterpret_cast<sockaddr*>(&from), &size);
    if (got < static_cast<ssize_t>(kIpHeader)) return std::nullopt;
    if (from.sll_pkttype != PACKET_HOST) continue;
    const auto number = [&](size_t offset) { return uint32_t{packet[offset]}; };
    constexpr size_t kSource = 12;
    return Seen{netns_,
                {number(kSource) << 24U | number(kSource + 1) << 16U | number(kSource + 2) << 8U |
                 number(kSource + 3)},
                static_cast<uint16_t>(number(kIdentification) << 8U | number(kIdentification + 1))};
  }
}

}  // namespace egress::kernel_tests
