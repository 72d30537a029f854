// SPDX-License-Identifier: MIT
#include "kernel/tun/datagrams.hpp"

#include <arpa/inet.h>
#include <netinet/ip.h>
#include <netinet/udp.h>

#include <cstddef>
#include <cstring>

#include "base/internet_checksum.hpp"
#include "kernel/tun/device.hpp"

namespace egress::kernel {
namespace {

// struct virtio_net_hdr, whose header does not compile as C++.
struct VirtioHeader {
  uint8_t flags = 0;
  uint8_t gso_type = 0;
  uint16_t hdr_len = 0;
  uint16_t gso_size = 0;
  uint16_t csum_start = 0;
  uint16_t csum_offset = 0;
};
constexpr uint8_t kNeedsChecksum = 1;  // VIRTIO_NET_HDR_F_NEEDS_CSUM
constexpr uint8_t kGsoNone = 0;        // VIRTIO_NET_HDR_GSO_NONE
constexpr uint8_t kGsoUdpL4 = 5;       // VIRTIO_NET_HDR_GSO_UDP_L4
constexpr size_t kIpAt = kTunHeaderBytes;
constexpr size_t kUdpAt = kIpAt + sizeof(iphdr);
constexpr size_t kPayloadAt = kUdpAt + sizeof(udphdr);
constexpr size_t kMostBytes = kIpAt + IP_MAXPACKET;

static_assert(sizeof(VirtioHeader) == kTunHeaderBytes);

struct Headers {
  VirtioHeader virtio{};
  iphdr ip{};
  udphdr udp{};
};

Headers headers_of(std::span<const uint8_t> packet) {
  Headers headers;
  std::memcpy(&headers.virtio, packet.data(), sizeof headers.virtio);
  std::memcpy(&headers.ip, packet.data() + kIpAt, sizeof headers.ip);
  std::memcpy(&headers.udp, packet.data() + kUdpAt, sizeof headers.udp);
  return headers;
}

bool can_be_segment(std::span<const uint8_t> packet) {
  if (packet.size() <= kPayloadAt || packet.size() > kMostBytes) return false;
  const auto [virtio, ip, udp] = headers_of(packet);
  return virtio.flags == kNeedsChecksum && virtio.gso_type == kGsoNone &&
         virtio.csum_start == sizeof(iphdr) && virtio.csum_offset == offsetof(udphdr, check) &&
         ip.version == IPVERSION && ip.ihl * 4U == sizeof(iphdr) && ip.protocol == IPPROTO_UDP &&
         ntohs(ip.frag_off) == IP_DF && ntohs(ip.tot_len) == packet.size() - kIpAt &&
         ntohs(udp.len) == packet.size() - kUdpAt;
}

std::span<const uint8_t> bytes_of(const iphdr& header) {
  return {reinterpret_cast<const uint8_t*>(&header), sizeof header};
}

}  // namespace

JoinedDatagrams::JoinedDatagrams() {
  bytes_.reserve(kMostBytes);
}

bool JoinedDatagrams::add(std::span<const uint8_t> packet) {
  if (!can_be_segment(packet) || !(empty() || fits(packet))) return false;
  const size_t payload = packet.size() - kPayloadAt;
  if (empty()) {
    bytes_.assign(packet.begin(), packet.end());
    payload_ = payload;
  } else {
    const auto added = packet.subspan(kPayloadAt);
    bytes_.insert(bytes_.end(), added.begin(), added.end());
  }
  ++count_;
  complete_ = payload < payload_;
  return true;
}

bool JoinedDatagrams::fits(std::span<const uint8_t> packet) const {
  const size_t payload = packet.size() - kPayloadAt;
  if (complete_ || count_ == kMostJoined || payload > payload_) return false;
  if (bytes_.size() + payload > kMostBytes) return false;
  const Headers first = headers_of(bytes_);
  const Headers next = headers_of(packet);
  return first.ip.tos == next.ip.tos && first.ip.ttl == next.ip.ttl &&
         first.ip.saddr == next.ip.saddr && first.ip.daddr == next.ip.daddr &&
         first.udp.source == next.udp.source && first.udp.dest == next.udp.dest;
}

size_t JoinedDatagrams::bytes() const {
  if (empty()) return 0;
  return bytes_.size() - kIpAt + (count_ - 1) * (kPayloadAt - kIpAt);
}

std::span<const uint8_t> JoinedDatagrams::packet() {
  if (count_ < 2) return bytes_;
  auto [virtio, ip, udp] = headers_of(bytes_);
  virtio.gso_type = kGsoUdpL4;
  virtio.hdr_len = sizeof(iphdr) + sizeof(udphdr);
  virtio.gso_size = static_cast<uint16_t>(payload_);
  ip.tot_len = htons(static_cast<uint16_t>(bytes_.size() - kIpAt));
  ip.check = 0;
  ip.check = htons(internet_checksum(bytes_of(ip)));
  // So far it is the sum of the pseudo header, in which the length is.
  const auto length = static_cast<uint16_t>(bytes_.size() - kUdpAt);
  const auto without_length = static_cast<uint16_t>(~ntohs(udp.len));
  udp.check = htons(ones_complement_sum(uint32_t{ntohs(udp.check)} + without_length + length));
  udp.len = htons(length);
  std::memcpy(bytes_.data(), &virtio, sizeof virtio);
  std::memcpy(bytes_.data() + kIpAt, &ip, sizeof ip);
  std::memcpy(bytes_.data() + kUdpAt, &udp, sizeof udp);
  return bytes_;
}

void JoinedDatagrams::clear() {
  bytes_.clear();
  count_ = 0;
}

}  // namespace egress::kernel
