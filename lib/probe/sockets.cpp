// SPDX-License-Identifier: MIT
#include "probe/sockets.hpp"

#include <ifaddrs.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "kernel/high_fd.hpp"
#include "kernel/local_prefixes.hpp"
#include "kernel/netns.hpp"

namespace egress::probe {
namespace {

constexpr int kWatchBufferBytes = 16 * 1024 * 1024;

Result<kernel::NetnsScope> enter(const std::string& netns) {
  ASSIGN_OR_RETURN(const UniqueFd fd, kernel::open_netns(netns));
  auto scope = kernel::NetnsScope::enter(fd.get());
  if (!scope.ok()) return std::move(scope).error().in(netns);
  return scope;
}

sockaddr_in socket_address(Ipv4Address address, uint16_t port) {
  sockaddr_in result{};
  result.sin_family = AF_INET;
  result.sin_port = htons(port);
  result.sin_addr.s_addr = htonl(address.bits);
  return result;
}

Status bind_to(int socket, uint16_t port) {
  const sockaddr_in local = socket_address({}, port);
  if (::bind(socket, reinterpret_cast<const sockaddr*>(&local), sizeof local) == 0) return {};
  Error error = Error::from_errno("bind port " + std::to_string(port));
  if (error.sys_errno == EADDRINUSE) error.code = Errc::kBusy;
  return error;
}

Status attach(int fd, std::span<sock_filter> program) {
  const sock_fprog filter{static_cast<unsigned short>(program.size()), program.data()};
  if (::setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof filter) < 0) {
    return Error::from_errno("attach a packet filter");
  }
  return {};
}

// Only what can be a probe or its answer: UDP, ICMP, and TCP with SYN or RST. Bulk traffic of the
// lab must not fill the buffer.
Status watch_probes_only(int fd) {
  sock_filter program[] = {
      BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 9),  // protocol
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_UDP, 5, 0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_ICMP, 4, 0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_TCP, 0, 4),
      BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, 0),  // header length
      BPF_STMT(BPF_LD | BPF_B | BPF_IND, 13),  // TCP flags
      BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, 0x02 | 0x04, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, 256),
      BPF_STMT(BPF_RET | BPF_K, 0),
  };
  return attach(fd, program);
}

// For sockets that only send: what arrives is seen by the watcher.
Status receive_nothing(int fd) {
  sock_filter program[] = {BPF_STMT(BPF_RET | BPF_K, 0)};
  return attach(fd, program);
}

Result<std::set<Ipv4Address>> own_addresses() {
  ifaddrs* list = nullptr;
  if (::getifaddrs(&list) < 0) return Error::from_errno("list addresses");
  std::set<Ipv4Address> addresses;
  for (const ifaddrs* entry = list; entry != nullptr; entry = entry->ifa_next) {
    if (entry->ifa_addr == nullptr || entry->ifa_addr->sa_family != AF_INET) continue;
    const auto* const address = reinterpret_cast<const sockaddr_in*>(entry->ifa_addr);
    addresses.insert({ntohl(address->sin_addr.s_addr)});
  }
  ::freeifaddrs(list);
  return addresses;
}

Result<UniqueFd> sending_socket(int type, int protocol) {
  UniqueFd fd(::socket(AF_INET, type | SOCK_CLOEXEC, protocol));
  if (!fd.valid()) return Error::from_errno("open a probe socket");
  RETURN_IF_ERROR(receive_nothing(fd.get()));
  return kernel::move_high(std::move(fd));
}

bool means_no_route(int error) {
  return error == ENETUNREACH || error == EHOSTUNREACH || error == EINVAL || error == EACCES ||
         error == EPERM;
}

Result<Sender::Sent> send_to(int fd, const sockaddr_in& to, std::span<const uint8_t> bytes) {
  const auto* const address = reinterpret_cast<const sockaddr*>(&to);
  if (::sendto(fd, bytes.data(), bytes.size(), 0, address, sizeof to) >= 0) {
    return Sender::Sent::kYes;
  }
  if (means_no_route(errno)) return Sender::Sent::kNoRoute;
  return Error::from_errno("send a probe to " + Ipv4Address{ntohl(to.sin_addr.s_addr)}.to_string());
}

}  // namespace

Result<Watcher> Watcher::open(const std::string& netns) {
  const std::string what = "watch " + netns;
  auto scope = enter(netns);
  if (!scope.ok()) return std::move(scope).error().in(what);
  Watcher watcher;
  watcher.netns_ = netns;
  auto addresses = own_addresses();
  if (!addresses.ok()) return std::move(addresses).error().in(what);
  watcher.addresses_ = *std::move(addresses);
  auto prefixes = kernel::local_prefixes();
  if (!prefixes.ok()) return std::move(prefixes).error().in(what);
  watcher.prefixes_ = *std::move(prefixes);
  // Bound to no protocol until the filter is in place, so that nothing unfiltered gets in.
  UniqueFd low(::socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!low.valid()) return Error::from_errno(what);
  ASSIGN_OR_RETURN(watcher.fd_, kernel::move_high(std::move(low)));
  RETURN_IF_ERROR(watch_probes_only(watcher.fd()));
  ::setsockopt(watcher.fd(), SOL_SOCKET, SO_RCVBUFFORCE, &kWatchBufferBytes,
               sizeof kWatchBufferBytes);
  sockaddr_ll all{};
  all.sll_family = AF_PACKET;
  all.sll_protocol = htons(ETH_P_IP);
  if (::bind(watcher.fd(), reinterpret_cast<sockaddr*>(&all), sizeof all) < 0) {
    return Error::from_errno(what);
  }
  return watcher;
}

bool Watcher::owns(Ipv4Address address) const {
  return addresses_.count(address) != 0 ||
         std::any_of(prefixes_.begin(), prefixes_.end(),
                     [&](const Ipv4Prefix& prefix) { return prefix.contains(address); });
}

Result<std::optional<std::span<const uint8_t>>> Watcher::next(std::span<uint8_t> buffer) const {
  while (true) {
    sockaddr_ll from{};
    socklen_t from_size = sizeof from;
    const ssize_t size = ::recvfrom(fd(), buffer.data(), buffer.size(), MSG_DONTWAIT,
                                    reinterpret_cast<sockaddr*>(&from), &from_size);
    if (size < 0) {
      if (errno == EAGAIN) return std::optional<std::span<const uint8_t>>{};
      if (errno == EINTR || errno == ENETDOWN) continue;  // a link went down elsewhere
      return Error::from_errno("watch " + netns_);
    }
    if (from.sll_pkttype != PACKET_HOST) continue;
    return std::optional<std::span<const uint8_t>>(buffer.first(static_cast<size_t>(size)));
  }
}

Result<Sender> Sender::open(const std::string& netns, const std::set<uint16_t>& udp_ports) {
  ASSIGN_OR_RETURN(const kernel::NetnsScope scope, enter(netns));
  Sender sender;
  sender.netns_ = netns;
  ASSIGN_OR_RETURN(sender.tcp_, sending_socket(SOCK_RAW, IPPROTO_TCP));
  ASSIGN_OR_RETURN(sender.icmp_, sending_socket(SOCK_RAW, IPPROTO_ICMP));
  ASSIGN_OR_RETURN(sender.route_, sending_socket(SOCK_DGRAM, 0));
  for (const uint16_t port : udp_ports) {
    ASSIGN_OR_RETURN(UniqueFd fd, sending_socket(SOCK_DGRAM, 0));
    if (Status bound = bind_to(fd.get(), port); !bound.ok()) {
      return std::move(bound).error().in(netns);
    }
    sender.udp_.emplace(port, std::move(fd));
  }
  return sender;
}

Result<std::optional<Ipv4Address>> Sender::source_for(Ipv4Address destination) {
  if (const auto known = sources_.find(destination); known != sources_.end()) {
    return known->second;
  }
  // A second connect would keep the first one's source address.
  sockaddr nowhere{};
  nowhere.sa_family = AF_UNSPEC;
  ::connect(route_.get(), &nowhere, sizeof nowhere);
  constexpr uint16_t kAnyPort = 9;
  const sockaddr_in to = socket_address(destination, kAnyPort);
  std::optional<Ipv4Address> source;
  if (::connect(route_.get(), reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0) {
    sockaddr_in chosen{};
    socklen_t size = sizeof chosen;
    if (::getsockname(route_.get(), reinterpret_cast<sockaddr*>(&chosen), &size) < 0) {
      return Error::from_errno("find the source address in " + netns_);
    }
    source = Ipv4Address{ntohl(chosen.sin_addr.s_addr)};
  } else if (!means_no_route(errno)) {
    return Error::from_errno("find the source address in " + netns_);
  }
  sources_.emplace(destination, source);
  return source;
}

Result<Sender::Sent> Sender::send_tcp(Ipv4Address destination,
                                      std::span<const uint8_t> segment) const {
  return send_to(tcp_.get(), socket_address(destination, 0), segment);
}

Result<Sender::Sent> Sender::send_icmp(Ipv4Address destination,
                                       std::span<const uint8_t> message) const {
  return send_to(icmp_.get(), socket_address(destination, 0), message);
}

Result<Sender::Sent> Sender::send_udp(uint16_t source_port, Ipv4Address destination,
                                      uint16_t destination_port,
                                      std::span<const uint8_t> payload) const {
  return send_to(udp_.at(source_port).get(), socket_address(destination, destination_port),
                 payload);
}

Result<UniqueFd> open_socket(const std::string& netns, int type) {
  std::optional<kernel::NetnsScope> inside;
  if (!netns.empty()) {
    ASSIGN_OR_RETURN(kernel::NetnsScope scope, enter(netns));
    inside.emplace(std::move(scope));
  }
  UniqueFd fd(::socket(AF_INET, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd.valid())
    return Error::from_errno("open a socket" + (netns.empty() ? "" : " in " + netns));
  return kernel::move_high(std::move(fd));
}

Status use_port(int socket, uint16_t port) {
  const int on = 1;
  ::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  return bind_to(socket, port);
}

int start_connecting(int socket, Ipv4Address address, uint16_t port) {
  const sockaddr_in to = socket_address(address, port);
  const auto* const where = reinterpret_cast<const sockaddr*>(&to);
  return ::connect(socket, where, sizeof to) == 0 ? 0 : errno;
}

}  // namespace egress::probe
