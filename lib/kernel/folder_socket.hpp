// SPDX-License-Identifier: MIT
#pragma once

#include <sys/socket.h>

#include <chrono>

#include "base/result.hpp"
#include "base/unique_fd.hpp"

namespace egress::kernel {

// A unix socket that a program has in its folder. By way of the open folder, whose own path may be
// longer than a socket's name can be.
struct FolderSocket {
  int folder = -1;
  const char* name = nullptr;
  const char* absent = nullptr;  // what is said when nobody listens
  int type = SOCK_SEQPACKET;
};

// kBusy.
Error no_answer();

// `patience` also holds for each message to and from it. kNotFound when nobody listens, kBusy when
// the connection is not taken in time.
Result<UniqueFd> connect_to(const FolderSocket& to, std::chrono::milliseconds patience);

}  // namespace egress::kernel
