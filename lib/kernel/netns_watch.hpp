// SPDX-License-Identifier: MIT
#pragma once

// Hears that something in one namespace was changed, by whomever; not what. The kernel does not
// tell every setting of a link (accept_local is silent), so silence lets a reading be trusted for a
// while, not for good.

#include <cstdint>
#include <utility>

#include "base/result.hpp"
#include "base/unique_fd.hpp"

namespace egress::kernel {

class NetnsWatch {
 public:
  // Call in the target namespace. Hear from now on of links, queueing disciplines, addresses,
  // neighbours, routes but for those of BGP speakers, rules and their settings, or of the speakers'
  // routes, or of nftables. `feed` is an epoll descriptor that becomes readable while there is
  // something to be heard.
  static Result<NetnsWatch> of_links_and_routes(int feed);
  static Result<NetnsWatch> of_learned_routes(int feed);
  static Result<NetnsWatch> of_nftables(int feed);

  // Whether anything was heard since the last call.
  bool heard() const;

 private:
  explicit NetnsWatch(UniqueFd socket) : socket_(std::move(socket)) {}
  enum class Learned { kWithout, kAlone };
  Status listen_to(Learned routes) const;
  static Result<NetnsWatch> open(int protocol, uint32_t groups, int feed);
  UniqueFd socket_;
};

}  // namespace egress::kernel
