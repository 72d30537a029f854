// SPDX-License-Identifier: MIT
#pragma once

// The client's side of the control socket: HTTP/1.1 with JSON bodies over a unix socket
// (ARCHITECTURE.md section 4). Every failure comes back with a code and, where it is known, what
// to do about it.

#include <chrono>
#include <functional>
#include <optional>
#include <string>

#include "control/messages.hpp"
#include "egressctl/answer.hpp"
#include "egressctl/exchange.hpp"

namespace egress::ctl {

using OnProgress = std::function<void(const Json& progress)>;
using OnLine = std::function<void(const Json& line)>;

// How long a command is ready to wait, all its requests together, and what it does meanwhile.
struct Patience {
  std::optional<std::chrono::seconds> timeout{};  // none: for ever
  std::function<void()> on_silence{};             // when the daemon says nothing for kSilence
};

class Client {
 public:
  explicit Client(std::string socket, Patience patience = {})
      : socket_(std::move(socket)), patience_(std::move(patience)) {}

  // `path` begins with "/v1/"; its variable parts went through escaped().
  Answer get(const std::string& path) const;
  Answer post(const std::string& path, const Json& body) const;
  // An operation that reports while it runs; the answer is its result. Once `is_over` is true it is
  // left to the daemon.
  Answer run(
      const std::string& path, const Json& body, const OnProgress& on_progress,
      const IsOver& is_over = [] { return false; }) const;
  // Of the patience nothing is left.
  bool is_late() const { return Clock::now() >= deadline(); }
  // Lines as they come, until `is_over` or, unless that is zero, for so long. The answer is why it
  // could not begin, or that the daemon has ended it; null when it is over.
  Answer follow(const std::string& path, std::chrono::seconds duration, const OnLine& on_line,
                const IsOver& is_over) const;

 private:
  using Clock = std::chrono::steady_clock;
  Request request_to(const std::string& path, const std::string* body = nullptr) const;
  Answer ask(const Request& request) const;
  Clock::time_point deadline() const;
  Failure no_answer(const Request& request, const Exchange& done) const;

  std::string socket_;
  Patience patience_;
  Clock::time_point begun_ = Clock::now();
};

// One part of a path or a query's value.
std::string escaped(const std::string& text);

// "/v1/next-hop?site=web&destinationIPAddress=10.0.0.4"
std::string with_query(const std::string& path, const control::Parameters& parameters);

// The answer to a complete body, or to a stream that ended: pure, so that tests reach it.
Answer answer_of(int status, const std::string& body);

}  // namespace egress::ctl
