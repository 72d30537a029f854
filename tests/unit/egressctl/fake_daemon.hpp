// SPDX-License-Identifier: MIT
#pragma once

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <string>
#include <thread>

#include "base/unique_fd.hpp"
#include "tests/support/folder.hpp"
#include "tests/support/unix_socket.hpp"

namespace egress::ctl {

// Answers every request on a unix socket with the same bytes and hangs up. Of egressd's API, unless
// they have headers that say otherwise.
class FakeDaemon {
 public:
  explicit FakeDaemon(std::string bytes) : bytes_(std::move(bytes)) {
    const size_t headers = bytes_.find("\r\n") + 2;
    if (bytes_.find("Egressd-Api") == std::string::npos &&
        bytes_.find("Server:") == std::string::npos) {
      bytes_.insert(headers, "Egressd-Api: 1\r\n");
    }
    EXPECT_EQ(::listen(listener_.get(), 8), 0);
    thread_ = std::thread([this] { serve(); });
  }
  ~FakeDaemon() {
    ::shutdown(listener_.get(), SHUT_RDWR);  // wakes it
    thread_.join();
  }
  FakeDaemon(const FakeDaemon&) = delete;
  FakeDaemon& operator=(const FakeDaemon&) = delete;

  const std::string& path() const { return path_; }

 private:
  void serve() const {
    while (true) {
      const UniqueFd peer(::accept(listener_.get(), nullptr, nullptr));
      if (!peer.valid()) return;
      std::string request(4096, '\0');
      if (::recv(peer.get(), request.data(), request.size(), 0) <= 0) continue;
      EXPECT_EQ(::send(peer.get(), bytes_.data(), bytes_.size(), MSG_NOSIGNAL),
                static_cast<ssize_t>(bytes_.size()));
    }
  }

  std::string bytes_;
  testing_support::Folder folder_{};
  std::string path_ = folder_ / "socket";
  UniqueFd listener_ = testing_support::bound_to(path_, SOCK_STREAM);
  std::thread thread_{};
};

}  // namespace egress::ctl
