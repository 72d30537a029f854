// SPDX-License-Identifier: MIT
#pragma once

// The sockets of probes, opened inside the namespaces and used from outside (a socket keeps the
// namespace it was made in). Watchers see packets before any firewall of that namespace does. A lab
// has as many as hosts and apps, so they stay out of the numbers of select() (kernel/high_fd.hpp).

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "base/ip.hpp"
#include "base/result.hpp"
#include "base/unique_fd.hpp"

namespace egress::probe {

// Sees the IPv4 packets that are delivered to one namespace.
class Watcher {
 public:
  static Result<Watcher> open(const std::string& netns);

  const std::string& netns() const { return netns_; }
  int fd() const { return fd_.get(); }
  bool owns(Ipv4Address address) const;
  // The next packet, cut to what parse_packet needs; empty when there is none now. The bytes live
  // in `buffer`.
  Result<std::optional<std::span<const uint8_t>>> next(std::span<uint8_t> buffer) const;

 private:
  std::string netns_{};
  UniqueFd fd_{};
  std::set<Ipv4Address> addresses_{};
  std::vector<Ipv4Prefix> prefixes_{};
};

// Sends from one namespace.
class Sender {
 public:
  // `udp_ports` are the source ports that send_udp will be asked for.
  static Result<Sender> open(const std::string& netns, const std::set<uint16_t>& udp_ports);

  // The address that routing chooses for `destination`; empty when no route leads there.
  Result<std::optional<Ipv4Address>> source_for(Ipv4Address destination);

  enum class Sent { kYes, kNoRoute };
  Result<Sent> send_tcp(Ipv4Address destination, std::span<const uint8_t> segment) const;
  Result<Sent> send_icmp(Ipv4Address destination, std::span<const uint8_t> message) const;
  Result<Sent> send_udp(uint16_t source_port, Ipv4Address destination, uint16_t destination_port,
                        std::span<const uint8_t> payload) const;

 private:
  std::string netns_{};
  UniqueFd tcp_{};
  UniqueFd icmp_{};
  UniqueFd route_{};
  std::map<uint16_t, UniqueFd> udp_{};
  std::map<Ipv4Address, std::optional<Ipv4Address>> sources_{};
};

// A non-blocking socket of this type in a namespace; with an empty name in the caller's.
Result<UniqueFd> open_socket(const std::string& netns, int type);
// Sends from this port, whatever other connections have; kBusy when somebody listens on it.
Status use_port(int socket, uint16_t port);
// 0, EINPROGRESS, or why it cannot be.
int start_connecting(int socket, Ipv4Address address, uint16_t port);

}  // namespace egress::probe
