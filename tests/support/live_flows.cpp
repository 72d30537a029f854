// SPDX-License-Identifier: MIT
#include "tests/support/live_flows.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <vector>

#include "kernel/netns.hpp"
#include "tests/support/eventually.hpp"

namespace egress::testing_support {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kTick{1};
constexpr uint64_t kPacketsPerTick = 10;
// After a pause of the sender's only so many are made up for, or its burst alone would be too much.
constexpr uint64_t kMostAtOnce = 50;
// Of a flow that has ended, and of a connection that hangs.
constexpr timeval kSilence{.tv_sec = 0, .tv_usec = 300'000};
constexpr timeval kStuck{.tv_sec = kHang.count(), .tv_usec = 0};
using Words = std::array<uint64_t, 512>;

void set_deadline(const UniqueFd& fd, const timeval& time) {
  EXPECT_EQ(::setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &time, sizeof time), 0);
  EXPECT_EQ(::setsockopt(fd.get(), SOL_SOCKET, SO_SNDTIMEO, &time, sizeof time), 0);
}

bool connect_to(const UniqueFd& fd, const sockaddr_in& there) {
  return ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&there), sizeof there) == 0;
}

bool bind_to(const UniqueFd& fd, const sockaddr_in& here) {
  return ::bind(fd.get(), reinterpret_cast<const sockaddr*>(&here), sizeof here) == 0;
}

// Whole or not at all: a call with a deadline is cut short by any signal, as of a child that ends.
using Transfer = ssize_t (*)(int socket, uint8_t* bytes, size_t size);

bool transfer_all(Transfer transfer, const UniqueFd& socket, void* bytes, size_t size) {
  auto* const all = static_cast<uint8_t*>(bytes);
  for (size_t done = 0; done < size;) {
    const ssize_t some = transfer(socket.get(), all + done, size - done);
    if (some < 0 && errno == EINTR) continue;
    if (some <= 0) return false;
    done += static_cast<size_t>(some);
  }
  return true;
}

ssize_t send_some(int socket, uint8_t* bytes, size_t size) {
  return ::send(socket, bytes, size, MSG_NOSIGNAL);
}

ssize_t receive_some(int socket, uint8_t* bytes, size_t size) {
  return ::recv(socket, bytes, size, MSG_WAITALL);
}

}  // namespace

UniqueFd socket_in(const std::string& netns, int type) {
  const UniqueFd place(::open(("/run/netns/" + netns).c_str(), O_RDONLY | O_CLOEXEC));
  EXPECT_TRUE(place.valid()) << netns;
  const auto scope = kernel::NetnsScope::enter(place.get());
  EXPECT_TRUE(scope.ok()) << netns;
  return UniqueFd(::socket(AF_INET, type | SOCK_CLOEXEC, 0));
}

sockaddr_in socket_address(Ipv4Address address, uint16_t port) {
  sockaddr_in name{};
  name.sin_family = AF_INET;
  name.sin_port = htons(port);
  name.sin_addr.s_addr = htonl(address.bits);
  return name;
}

UniqueFd listener_at(const Endpoints& ends) {
  UniqueFd listener = socket_in(ends.to, SOCK_STREAM);
  set_deadline(listener, kStuck);  // which connections inherit
  EXPECT_TRUE(bind_to(listener, socket_address(ends.address, ends.port)));
  EXPECT_EQ(::listen(listener.get(), 16), 0);
  return listener;
}

namespace {

// The second column of every CPU's line.
uint64_t dropped_by_backlogs() {
  std::ifstream file("/proc/net/softnet_stat");
  uint64_t dropped = 0;
  for (std::string line; std::getline(file, line);) {
    std::istringstream fields(line);
    uint64_t processed = 0;
    uint64_t lost = 0;
    fields >> std::hex >> processed >> lost;
    dropped += lost;
  }
  return dropped;
}

bool is_tun(const UniqueFd& socket, const std::string& interface) {
  ifreq request{};
  interface.copy(request.ifr_name, IFNAMSIZ - 1);
  return ::ioctl(socket.get(), SIOCGIFHWADDR, &request) == 0 &&
         request.ifr_hwaddr.sa_family == ARPHRD_NONE;
}

// The fourth of what a line of proc_net_dev(5) says of sending, behind eight of receiving.
uint64_t dropped_by_tuns(const std::string& netns) {
  constexpr size_t kDropped = 11;
  const UniqueFd socket = socket_in(netns, SOCK_DGRAM);
  const UniqueFd place(::open(("/run/netns/" + netns).c_str(), O_RDONLY | O_CLOEXEC));
  const auto scope = kernel::NetnsScope::enter(place.get());
  EXPECT_TRUE(scope.ok()) << netns;
  std::ifstream file("/proc/thread-self/net/dev");
  uint64_t dropped = 0;
  for (std::string line; std::getline(file, line);) {
    const size_t colon = line.find(':');
    if (colon == std::string::npos) continue;
    std::string name;
    std::istringstream(line.substr(0, colon)) >> name;
    std::istringstream fields(line.substr(colon + 1));
    const std::vector<uint64_t> numbers{std::istream_iterator<uint64_t>(fields), {}};
    if (numbers.size() > kDropped && is_tun(socket, name)) dropped += numbers[kDropped];
  }
  return dropped;
}

}  // namespace

uint64_t dropped_by_queues() {
  uint64_t dropped = dropped_by_backlogs();
  for (const auto& netns : std::filesystem::directory_iterator("/run/netns")) {
    dropped += dropped_by_tuns(netns.path().filename());
  }
  return dropped;
}

void LiveFlow::start(std::function<void()> send, std::function<void()> receive) {
  sending_ = std::thread(std::move(send));
  receiving_ = std::thread(std::move(receive));
}

void LiveFlow::stop() {
  stop_ = true;
  if (sending_.joinable()) sending_.join();
  if (receiving_.joinable()) receiving_.join();
}

UdpFlow::UdpFlow(const Endpoints& ends) {
  receiver_ = socket_in(ends.to, SOCK_DGRAM);
  const int buffer = 64 << 20;
  ::setsockopt(receiver_.get(), SOL_SOCKET, SO_RCVBUFFORCE, &buffer, sizeof buffer);
  const sockaddr_in there = socket_address(ends.address, ends.port);
  EXPECT_TRUE(bind_to(receiver_, there));
  set_deadline(receiver_, kSilence);
  sender_ = socket_in(ends.from, SOCK_DGRAM);
  EXPECT_TRUE(connect_to(sender_, there));
  start([this] { send(); }, [this] { receive(); });
}

void UdpFlow::send() {
  Clock::time_point tick = Clock::now();
  while (!stop_) {
    const auto ticks = static_cast<uint64_t>((Clock::now() - tick) / kTick);
    const uint64_t due = std::min(ticks * kPacketsPerTick, kMostAtOnce);
    for (uint64_t i = 0; i < due; ++i) {
      if (::send(sender_.get(), "x", 1, 0) == 1) ++sent_;
    }
    tick += ticks * kTick;
    std::this_thread::sleep_until(tick + kTick);
  }
}

// Until nothing comes any more after the end.
void UdpFlow::receive() {
  char byte = 0;
  for (bool last = false; !last;) {
    last = stop_;
    while (::recv(receiver_.get(), &byte, 1, 0) == 1) ++received_;
  }
}

TcpStream::TcpStream(const Endpoints& ends) {
  sender_ = socket_in(ends.from, SOCK_STREAM);
  const UniqueFd listener = listener_at(ends);
  set_deadline(sender_, kStuck);
  EXPECT_TRUE(connect_to(sender_, socket_address(ends.address, ends.port)));
  receiver_ = UniqueFd(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
  EXPECT_TRUE(receiver_.valid());
  start([this] { send(); }, [this] { receive(); });
}

void TcpStream::send() {
  Words words{};
  bool open = true;
  while (open && !stop_) {
    for (size_t i = 0; i < words.size(); ++i) words.at(i) = sent_ + i;
    open = transfer_all(send_some, sender_, words.data(), sizeof words);
    if (open) sent_ += words.size();
    std::this_thread::sleep_for(kTick);
  }
  ::shutdown(sender_.get(), SHUT_WR);
}

// Until the sender's end; stops at the first word that is not the one due.
void TcpStream::receive() {
  uint64_t word = 0;
  while (transfer_all(receive_some, receiver_, &word, sizeof word)) {
    if (word != received_) return;
    ++received_;
  }
}

}  // namespace egress::testing_support
