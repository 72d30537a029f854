// SPDX-License-Identifier: MIT
#include "kernel/netns_watch.hpp"

#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <cerrno>

#include "kernel/high_fd.hpp"

namespace egress::kernel {
namespace {

constexpr uint32_t group(int number) {
  return 1U << static_cast<uint32_t>(number - 1);
}

}  // namespace

Result<NetnsWatch> NetnsWatch::of_links_and_routes(int feed) {
  return open(NETLINK_ROUTE,
              group(RTNLGRP_LINK) | group(RTNLGRP_NEIGH) | group(RTNLGRP_IPV4_IFADDR) |
                  group(RTNLGRP_IPV4_ROUTE) | group(RTNLGRP_IPV4_RULE) |
                  group(RTNLGRP_IPV4_NETCONF),
              feed);
}

Result<NetnsWatch> NetnsWatch::of_nftables(int feed) {
  return open(NETLINK_NETFILTER, group(NFNLGRP_NFTABLES), feed);
}

Result<NetnsWatch> NetnsWatch::open(int protocol, uint32_t groups, int feed) {
  UniqueFd low(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol));
  if (!low.valid()) return Error::from_errno("open a netlink socket");
  sockaddr_nl all{};
  all.nl_family = AF_NETLINK;
  all.nl_groups = groups;
  if (bind(low.get(), reinterpret_cast<const sockaddr*>(&all), sizeof(all)) != 0) {
    return Error::from_errno("watch a namespace");
  }
  ASSIGN_OR_RETURN(UniqueFd fd, move_high(std::move(low)));
  epoll_event readable{.events = EPOLLIN, .data = {}};
  if (epoll_ctl(feed, EPOLL_CTL_ADD, fd.get(), &readable) != 0) {
    return Error::from_errno("watch a namespace");
  }
  return NetnsWatch(std::move(fd));
}

bool NetnsWatch::heard() const {
  bool heard = false;
  char byte = 0;
  while (true) {
    if (recv(socket_.get(), &byte, sizeof(byte), 0) >= 0) {
      heard = true;
      continue;
    }
    if (errno == EAGAIN) return heard;
    heard = true;  // ENOBUFS: more than there was room for
    if (errno != ENOBUFS && errno != EINTR) return heard;
  }
}

}  // namespace egress::kernel
