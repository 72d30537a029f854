// SPDX-License-Identifier: MIT
#pragma once

// The client's side of the control socket: HTTP/1.1 with JSON bodies over a unix socket
// (ARCHITECTURE.md section 4). Every failure comes back with a code and, where it is known, what
// to do about it.

#include <chrono>
#include <functional>
#include <string>

#include "control/messages.hpp"
#include "egressctl/answer.hpp"
#include "egressctl/exchange.hpp"

namespace egress::ctl {

using OnProgress = std::function<void(const Json& progress)>;
using OnLine = std::function<void(const Json& line)>;

class Client {
 public:
  explicit Client(std::string socket) : socket_(std::move(socket)) {}

  // `path` begins with "/v1/"; its variable parts went through escaped().
  Answer get(const std::string& path) const;
  Answer post(const std::string& path, const Json& body) const;
  // An operation that reports while it runs; the answer is its result.
  Answer run(const std::string& path, const Json& body, const OnProgress& on_progress) const;
  // Lines as they come, until `is_over` or, unless that is zero, for so long. The answer is why it
  // could not begin, or that the daemon has ended it; null when it is over.
  Answer follow(const std::string& path, std::chrono::seconds duration, const OnLine& on_line,
                const IsOver& is_over) const;

 private:
  std::string socket_;
};

// One part of a path or a query's value.
std::string escaped(const std::string& text);

// "/v1/next-hop?site=web&destinationIPAddress=10.0.0.4"
std::string with_query(const std::string& path, const control::Parameters& parameters);

// The answer to a complete body, or to a stream that ended: pure, so that tests reach it.
Answer answer_of(int status, const std::string& body);

}  // namespace egress::ctl
