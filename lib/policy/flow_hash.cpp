// SPDX-License-Identifier: MIT
#include "policy/flow_hash.hpp"

#include "base/jenkins_hash.hpp"

namespace egress::policy {
namespace {

// The bytes as nftables lays a concatenation out: each part begins a word, in network byte order.
class Bytes {
 public:
  void add(uint32_t value, size_t width) {
    for (size_t i = 0; i < width; ++i) {
      all_[size_ + i] = static_cast<uint8_t>(value >> (8 * (width - 1 - i)));
    }
    size_ += 4;
  }
  uint32_t hash(uint32_t seed) const { return jenkins_hash(all_, size_, seed); }

 private:
  JenkinsBytes all_{};
  size_t size_ = 0;
};

uint32_t bucket(uint32_t seed, HashedParts parts, uint8_t protocol, Ipv4Address address,
                uint16_t port, uint32_t count) {
  Bytes bytes;
  if (parts != HashedParts::kAddress) bytes.add(protocol, 1);
  bytes.add(address.bits, 4);
  if (parts == HashedParts::kProtocolAddressAndPort) bytes.add(port, 2);
  return scaled(bytes.hash(seed), count);
}

}  // namespace

HashedParts hashed_parts(lab::LoadDistribution distribution, bool has_ports) {
  switch (distribution) {
    case lab::LoadDistribution::kSourceIp: return HashedParts::kAddress;
    case lab::LoadDistribution::kSourceIpProtocol: return HashedParts::kProtocolAndAddress;
    case lab::LoadDistribution::kDefault: break;
  }
  return has_ports ? HashedParts::kProtocolAddressAndPort : HashedParts::kProtocolAndAddress;
}

uint32_t FlowHash::choose(const Packet& packet, uint32_t count) const {
  const HashedParts parts = hashed_parts(distribution, has_ports(packet.protocol));
  const auto end = [&](Ipv4Address address, uint16_t port) {
    return bucket(seed, parts, packet.protocol, address, port, count);
  };
  return (end(packet.source, packet.source_port) +
          end(packet.destination, packet.destination_port)) %
         count;
}

}  // namespace egress::policy
