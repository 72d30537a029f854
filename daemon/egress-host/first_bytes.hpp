// SPDX-License-Identifier: MIT
#pragma once

// What a client says first tells in which protocol it wants its answer.

#include <utility>

#include "base/unique_fd.hpp"
#include "uv/loop.hpp"

namespace egress::host {

enum class Begun {
  kOther,  // with something else, or not at all
  kHttp,
  kTls,
};

// Waits for them on a connection, from which nothing is read.
class FirstBytes {
 public:
  // `decide` is called when they are there, or have been waited for long enough: whoever is late to
  // look finds both. It may destroy the object.
  FirstBytes(uv::Loop& loop, UniqueFd connection, const uv::Callback& decide);
  FirstBytes(const FirstBytes&) = delete;
  FirstBytes& operator=(const FirstBytes&) = delete;

  Begun begun() const;
  UniqueFd release() { return std::move(fd_); }

 private:
  UniqueFd fd_;
  uv::Poll poll_;
  uv::Timer timer_;
};

}  // namespace egress::host
