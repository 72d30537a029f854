// SPDX-License-Identifier: MIT
#include "egress-host/first_bytes.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <chrono>
#include <iterator>
#include <string_view>
#include <utility>

namespace egress::host {
namespace {

// Who begins TLS may look for its certificates behind the connect: curl on a busy machine needs
// more than 100 ms before it says a word.
constexpr std::chrono::milliseconds kPatience{500};
// RFC 9110 9.3, RFC 5789.
constexpr std::string_view kMethods[] = {"GET ",     "HEAD ",    "POST ",  "PUT ",  "DELETE ",
                                         "CONNECT ", "OPTIONS ", "TRACE ", "PATCH "};
constexpr size_t kLongestMethod = 8;
// RFC 8446 5.1: a record of the handshake, in any version since SSL 3.
constexpr std::string_view kHandshake = "\x16\x03";

}  // namespace

FirstBytes::FirstBytes(uv::Loop& loop, UniqueFd connection, const uv::Callback& decide)
    : fd_(std::move(connection)), poll_(loop, fd_.get(), decide), timer_(loop, decide) {
  poll_.start();
  timer_.start(kPatience);
}

Begun FirstBytes::begun() const {
  char bytes[kLongestMethod];
  const ssize_t size = ::recv(fd_.get(), bytes, sizeof bytes, MSG_PEEK | MSG_DONTWAIT);
  if (size <= 0) return Begun::kOther;
  const std::string_view said(bytes, static_cast<size_t>(size));
  if (said.substr(0, kHandshake.size()) == kHandshake.substr(0, said.size())) return Begun::kTls;
  const bool http = std::any_of(std::begin(kMethods), std::end(kMethods),
                                [&](std::string_view method) { return said.starts_with(method); });
  return http ? Begun::kHttp : Begun::kOther;
}

}  // namespace egress::host
