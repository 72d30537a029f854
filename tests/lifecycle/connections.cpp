// SPDX-License-Identifier: MIT
#include "tests/lifecycle/connections.hpp"

#include <fmt/format.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>

#include "tests/support/live_flows.hpp"
#include "tests/support/values.hpp"

namespace egress::life {
namespace {

using namespace testing_support;

constexpr uint16_t kPort = 443;
constexpr timeval kPatience{20, 0};

Ipv4Address far_end(const lab::Site& site) {
  return ip(site.virtual_network_subnet ? "10.1.2.4" : "93.184.216.34");
}

std::string failed(const char* what) {
  return fmt::format("cannot {}: {}", what, std::strerror(errno));
}

// Reads what the far end says to who connects, a line.
std::string send_fault(int fd) {
  const char byte = 'x';
  return ::send(fd, &byte, 1, MSG_NOSIGNAL) == 1 ? std::string() : failed("send");
}

std::string echo_fault(int fd) {
  char byte = 0;
  if (::recv(fd, &byte, 1, 0) != 1 || byte != 'x') return failed("hear the echo");
  return {};
}

std::string exchange_fault(int fd) {
  std::string fault = send_fault(fd);
  return fault.empty() ? echo_fault(fd) : fault;
}

std::string greeting_fault(int fd) {
  for (char byte = 0; byte != '\n';) {
    if (::recv(fd, &byte, 1, 0) != 1) return failed("read what the far end says");
  }
  return {};
}

std::string open(const std::string& netns, Ipv4Address address, UniqueFd& fd) {
  fd = socket_in(netns, SOCK_STREAM | SOCK_CLOEXEC);
  if (::setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &kPatience, sizeof kPatience) != 0 ||
      ::setsockopt(fd.get(), SOL_SOCKET, SO_SNDTIMEO, &kPatience, sizeof kPatience) != 0) {
    return failed("bound how long to wait");
  }
  const sockaddr_in there = socket_address(address, kPort);
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&there), sizeof there) != 0) {
    return failed("connect");
  }
  // Where TLS is spoken too, who says something at once is greeted at once.
  for (const auto& fault_of : {send_fault, greeting_fault, echo_fault}) {
    if (std::string fault = fault_of(fd.get()); !fault.empty()) return fault;
  }
  return {};
}

}  // namespace

std::string Connections::fault_in(const lab::Lab& lab, const std::set<std::string>& touched) {
  for (const std::string& site : touched) open_.erase(site);
  for (const auto& [site, fd] : open_) {
    if (const std::string fault = exchange_fault(fd.get()); !fault.empty()) {
      return fmt::format("the connection of {}, which was not touched: {}", site, fault);
    }
  }
  for (const auto& [name, site] : lab.sites) {
    if (open_.contains(name)) continue;
    UniqueFd fd;
    const std::string fault = open(fmt::format("eg-app-{}-0", name), far_end(site), fd);
    if (!fault.empty()) return fmt::format("a new connection of {}: {}", name, fault);
    open_.emplace(name, std::move(fd));
  }
  return {};
}

}  // namespace egress::life
