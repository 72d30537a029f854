// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <fmt/format.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <chrono>
#include <cmath>
#include <cstring>
#include <memory>
#include <optional>

#include "app-tools/tools.hpp"
#include "base/number.hpp"
#include "base/unique_fd.hpp"

namespace egress::app_tools {

namespace {

using Clock = std::chrono::steady_clock;

constexpr int kDefaultTries = 4;
constexpr int kMostTries = 1'000;
constexpr std::chrono::seconds kPatience{5};  // of a try

struct Target {
  std::string host{};
  uint16_t port = 0;
  int tries = kDefaultTries;
};

std::optional<Target> parse(const Arguments& arguments) {
  const bool counted = arguments.size() == 3 && arguments[1] == "-n";
  if (arguments.size() != 1 && !counted) return std::nullopt;
  const std::string& text = arguments[0];
  const size_t colon = text.rfind(':');
  if (colon == std::string::npos || colon == 0) return std::nullopt;
  const auto port = parse_number<uint16_t>(std::string_view(text).substr(colon + 1));
  const auto tries = counted ? parse_number<int>(arguments[2]) : kDefaultTries;
  if (!port || *port == 0 || !tries || *tries < 1 || *tries > kMostTries) return std::nullopt;
  return Target{text.substr(0, colon), *port, *tries};
}

struct FreeAddresses {
  void operator()(addrinfo* list) const { ::freeaddrinfo(list); }
};

std::optional<sockaddr_in> look_up(const Target& target) {
  addrinfo hints{};
  hints.ai_family = AF_INET;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (::getaddrinfo(target.host.c_str(), nullptr, &hints, &found) != 0) return std::nullopt;
  const std::unique_ptr<addrinfo, FreeAddresses> addresses(found);
  sockaddr_in address{};
  std::memcpy(&address, addresses->ai_addr, sizeof address);
  address.sin_port = htons(target.port);
  return address;
}

// The connection's error, or 0.
int wait_for(int socket) {
  pollfd waiting{.fd = socket, .events = POLLOUT, .revents = 0};
  const auto deadline = Clock::now() + kPatience;
  int ready = 0;
  do {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now());
    ready = ::poll(&waiting, 1, left.count() > 0 ? static_cast<int>(left.count()) : 0);
  } while (ready < 0 && errno == EINTR);
  if (ready < 0) return errno;
  if (ready == 0) return ETIMEDOUT;
  int error = 0;
  socklen_t size = sizeof error;
  return ::getsockopt(socket, SOL_SOCKET, SO_ERROR, &error, &size) == 0 ? error : errno;
}

int connect_to(const sockaddr_in& address) {
  const UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd.valid()) return errno;
  const auto* const to = reinterpret_cast<const sockaddr*>(&address);
  if (::connect(fd.get(), to, sizeof address) == 0) return 0;
  return errno == EINPROGRESS ? wait_for(fd.get()) : errno;
}

// One try; how long it took, or nothing.
std::optional<std::chrono::milliseconds> connect_once(const Target& target) {
  const auto begin = Clock::now();
  const auto address = look_up(target);
  if (!address) {
    fmt::print("Connection attempt failed: No such host is known\n");
    return std::nullopt;
  }
  if (const int error = connect_to(*address); error != 0) {
    fmt::print("Connection attempt failed: {}.\n", strerrordesc_np(error));
    return std::nullopt;
  }
  const auto taken = std::chrono::ceil<std::chrono::milliseconds>(Clock::now() - begin);
  fmt::print("Connected to {}:{}, time taken: {}ms\n", target.host, target.port, taken.count());
  return taken;
}

// "100", "88.25", "33.33"
std::string rounded(double number) {
  return fmt::format("{}", std::round(number * 100) / 100);
}

}  // namespace

int tcpping(const Arguments& arguments) {
  const auto target = parse(arguments);
  if (!target) {
    fmt::print(stderr, "Usage: tcpping HOST:PORT [-n COUNT], COUNT from 1 to {}\n", kMostTries);
    return kUsage;
  }
  int succeeded = 0;
  std::chrono::milliseconds total{0};
  for (int i = 0; i < target->tries; ++i) {
    if (const auto taken = connect_once(*target)) {
      ++succeeded;
      total += *taken;
    }
    std::fflush(stdout);  // whoever waits for a slow one sees the others
  }
  const double average = succeeded == 0 ? 0 : static_cast<double>(total.count()) / succeeded;
  fmt::print("Complete: {}/{} successful attempts ({}%). Average success time: {}ms\n", succeeded,
             target->tries, rounded(100.0 * succeeded / target->tries), rounded(average));
  return succeeded > 0 ? kFound : kNotFound;
}

}  // namespace egress::app_tools
