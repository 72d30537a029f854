// SPDX-License-Identifier: MIT
#pragma once

// One call of the authority, as the platform makes it for a token: its name is looked up and port
// 443 of its address connected to, from the namespace of the app's managed-identity traffic.

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/clock.hpp"
#include "base/unique_fd.hpp"
#include "egress-dns/upstream.hpp"
#include "uv/loop.hpp"

namespace egress::identity {

inline constexpr const char* kAuthority = "login.microsoftonline.com";

// A namespace from which authorities are called.
class Lane {
 public:
  Lane(uv::Loop& loop, const Clock& clock, resolver::LookupRoom& room, UniqueFd netns)
      : netns_(std::make_shared<const UniqueFd>(std::move(netns))),
        upstream_(loop, clock, room, netns_) {}

  const resolver::Netns& netns() const { return netns_; }
  resolver::Upstream& upstream() { return upstream_; }

 private:
  resolver::Netns netns_;
  resolver::Upstream upstream_;
};

class AuthorityCall : public std::enable_shared_from_this<AuthorityCall> {
 public:
  // With why there is no token, or nothing: the authority answered. May end the call.
  using Done = std::function<void(const std::optional<std::string>& failure)>;

  AuthorityCall(uv::Loop& loop, Done done);
  AuthorityCall(const AuthorityCall&) = delete;
  AuthorityCall& operator=(const AuthorityCall&) = delete;

  // Owned by a shared pointer. The lane may go before the call ends.
  void start(Lane& lane);

 private:
  void on_lookup(const std::optional<dns::Reply>& reply);
  void connect(Ipv4Address address);
  void on_ready();
  void on_connected();
  void receive();
  void on_time();
  void end(const std::optional<std::string>& failure);

  uv::Loop& loop_;
  Done done_;
  resolver::Netns netns_{};
  std::string where_ = kAuthority;  // with the address, once that is known
  UniqueFd socket_{};
  bool connected_ = false;
  std::string received_{};
  uv::Timer timer_;
  std::optional<uv::Poll> poll_{};
};

// What the line that the authority's responder says makes of the call, as Done has it.
std::optional<std::string> failure_in(const std::string& line);

}  // namespace egress::identity
