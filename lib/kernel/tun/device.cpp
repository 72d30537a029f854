// SPDX-License-Identifier: MIT
#include "kernel/tun/device.hpp"

#include <fcntl.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <thread>

namespace egress::kernel {
namespace {

constexpr const char* kDriver = "/dev/net/tun";

// Not in Debian 12's headers, which are those of Linux 6.1.
constexpr unsigned int kUso4 = 0x20;
constexpr unsigned int kUso6 = 0x40;
constexpr unsigned int kSegments = TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_TSO_ECN;

Result<UniqueFd> open_driver() {
  UniqueFd file(open(kDriver, O_RDWR | O_NONBLOCK | O_CLOEXEC));
  if (!file.valid()) return Error::from_errno(std::string("open ") + kDriver);
  return file;
}

Result<ifreq> request_for(const std::string& name, int flags) {
  ifreq request{};
  if (name.empty() || name.size() >= sizeof(request.ifr_name)) {
    return Error{.code = Errc::kInvalid,
                 .sys_errno = ERANGE,
                 .message = "no link can have the name '" + name + "'"};
  }
  std::memcpy(request.ifr_name, name.c_str(), name.size());
  request.ifr_flags = static_cast<short>(flags);
  return request;
}

bool has_link(const std::string& name) {
  return if_nametoindex(name.c_str()) != 0;
}

// The kernel works a carrier off by and by, once it has its lock of all links (linkwatch), and
// until then drops what is sent.
constexpr std::chrono::seconds kLongestUntilRunning{2};

void wait_until_running(ifreq link) {
  const UniqueFd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  const auto give_up = std::chrono::steady_clock::now() + kLongestUntilRunning;
  while (ioctl(socket.get(), SIOCGIFFLAGS, &link) == 0) {
    const bool waits = (link.ifr_flags & IFF_UP) != 0 && (link.ifr_flags & IFF_RUNNING) == 0;
    if (!waits || std::chrono::steady_clock::now() > give_up) return;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

}  // namespace

std::optional<std::string> why_no_tun() {
  const auto driver = open_driver();
  if (driver.ok()) return std::nullopt;
  return driver.error().to_string();
}

Status create_tun(const std::string& name, int index) {
  ASSIGN_OR_RETURN(ifreq request, request_for(name, kTunFlags | IFF_TUN_EXCL));
  ASSIGN_OR_RETURN(const UniqueFd queue, open_driver());
  if (ioctl(queue.get(), TUNSETIFINDEX, &index) != 0) {
    return Error::from_errno("choose the index of " + name);
  }
  if (ioctl(queue.get(), TUNSETIFF, &request) != 0) {
    const int code = errno == EBUSY && has_link(name) ? EEXIST : errno;
    return Error::from_errno("make " + name, code);
  }
  if (ioctl(queue.get(), TUNSETPERSIST, 1) != 0) return Error::from_errno("keep " + name);
  return {};
}

Result<UniqueFd> open_tun_queue(const std::string& name) {
  const Error missing{.code = Errc::kNotFound, .sys_errno = ENODEV, .message = "no TUN " + name};
  ASSIGN_OR_RETURN(ifreq request, request_for(name, kTunFlags));
  // The kernel would make it.
  if (!has_link(name)) return missing;
  ASSIGN_OR_RETURN(UniqueFd queue, open_driver());
  if (ioctl(queue.get(), TUNSETIFF, &request) != 0) {
    const int code = errno;
    if (code == EBUSY) {
      return Error{.code = Errc::kBusy,
                   .sys_errno = code,
                   .message = name + ": somebody else has the interface"};
    }
    return Error::from_errno("open the queue of " + name, code);
  }
  // It has, when the device went in between; such a one ends with its queue.
  if (ioctl(queue.get(), TUNGETIFF, &request) != 0) return Error::from_errno("look at " + name);
  if ((request.ifr_flags & IFF_PERSIST) == 0) return missing;
  // As others may have left it.
  if (ioctl(queue.get(), TUNSETVNETHDRSZ, &kTunHeaderBytes) != 0) {
    return Error::from_errno("set the size of headers of " + name);
  }
  wait_until_running(request);
  return queue;
}

bool has_device(int queue) {
  ifreq request{};
  return ioctl(queue, TUNGETIFF, &request) == 0;
}

Result<Offload> set_offload(int queue, bool on) {
  const unsigned int all = on ? kSegments | kUso4 | kUso6 : 0;
  if (ioctl(queue, TUNSETOFFLOAD, all) == 0) return on ? Offload::kTcpAndUdp : Offload::kNone;
  if (on && errno == EINVAL && ioctl(queue, TUNSETOFFLOAD, kSegments) == 0) return Offload::kTcp;
  return Error::from_errno("set what a TUN device takes");
}

}  // namespace egress::kernel
