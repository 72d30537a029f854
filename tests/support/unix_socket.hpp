// SPDX-License-Identifier: MIT
#pragma once

// Both ends of sockets that stand under a path, which is short enough for one.

#include <sys/socket.h>
#include <sys/un.h>

#include <csignal>
#include <string>

#include "base/unique_fd.hpp"

namespace egress::testing_support {

// Invalid when `call`, ::bind or ::connect, fails.
inline UniqueFd socket_with(int (*call)(int, const sockaddr*, socklen_t), int type,
                            const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(static_cast<char*>(address.sun_path), sizeof address.sun_path - 1);
  UniqueFd fd(::socket(AF_UNIX, type | SOCK_CLOEXEC, 0));
  const auto* there = reinterpret_cast<const sockaddr*>(&address);
  return call(fd.get(), there, sizeof address) == 0 ? std::move(fd) : UniqueFd();
}

inline UniqueFd bound_to(const std::string& path, int type) {
  return socket_with(::bind, type, path);
}
// Invalid when nobody listens there.
inline UniqueFd connected_to(const std::string& path) {
  return socket_with(::connect, SOCK_STREAM, path);
}
// Somebody listens there, and not only what it forked when it was killed, until that executes its
// program.
inline bool answers(const std::string& path) {
  const UniqueFd client = connected_to(path);
  ucred listener{};
  socklen_t size = sizeof listener;
  return client.valid() &&
         ::getsockopt(client.get(), SOL_SOCKET, SO_PEERCRED, &listener, &size) == 0 &&
         ::kill(listener.pid, 0) == 0;
}
// Connects and says only this much, if the other end stays to hear it.
inline UniqueFd connect_and_say(const std::string& path, const std::string& text) {
  UniqueFd client = connected_to(path);
  ::send(client.get(), text.data(), text.size(), MSG_NOSIGNAL);
  return client;
}

}  // namespace egress::testing_support
