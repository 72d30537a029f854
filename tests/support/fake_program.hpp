// SPDX-License-Identifier: MIT
#pragma once

// A program that answers what a test says, and tells of what a test sends.

#include <fcntl.h>
#include <sys/socket.h>

#include <cerrno>
#include <functional>
#include <mutex>
#include <string>
#include <vector>

#include "kernel/kernel.hpp"

namespace egress::testing_support {

class FakeProgram final : public kernel::Program {
 public:
  using Answer = std::function<Result<std::string>(const std::string& question)>;

  Result<std::string> ask(const std::string& question, std::chrono::milliseconds) override {
    Answer answer;
    {
      const std::lock_guard lock(mutex_);
      questions_.push_back(question);
      answer = answer_;
    }
    return answer ? answer(question) : Result<std::string>(std::string());
  }

  Result<UniqueFd> records(const std::string& filter) override {
    int ends[2] = {-1, -1};
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) != 0) {
      return Error::from_errno("make a pair of sockets");
    }
    const std::lock_guard lock(mutex_);
    readers_.push_back({filter, UniqueFd(ends[1])});
    return UniqueFd(ends[0]);
  }

  // Empty texts until one is set.
  void set_answer(Answer answer) {
    const std::lock_guard lock(mutex_);
    answer_ = std::move(answer);
  }
  std::vector<std::string> questions() const {
    const std::lock_guard lock(mutex_);
    return questions_;
  }
  // The filters of those who read and have not closed.
  std::vector<std::string> filters() {
    const std::lock_guard lock(mutex_);
    char byte = 0;
    std::erase_if(readers_, [&](const Reader& reader) {
      return recv(reader.socket.get(), &byte, sizeof(byte), MSG_DONTWAIT) == 0;
    });
    std::vector<std::string> filters;
    for (const Reader& reader : readers_) filters.push_back(reader.filter);
    return filters;
  }
  // To all readers; false when one has no room for it.
  bool tell(const std::string& record) {
    const std::lock_guard lock(mutex_);
    bool told = true;
    for (const Reader& reader : readers_) {
      const auto sent = send(reader.socket.get(), record.data(), record.size(), MSG_NOSIGNAL);
      told = told && sent == static_cast<ssize_t>(record.size());
    }
    return told;
  }

 private:
  struct Reader {
    std::string filter{};
    UniqueFd socket{};
  };
  mutable std::mutex mutex_{};
  Answer answer_{};
  std::vector<std::string> questions_{};
  std::vector<Reader> readers_{};
};

}  // namespace egress::testing_support
