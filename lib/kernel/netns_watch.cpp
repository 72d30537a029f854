// SPDX-License-Identifier: MIT
#include "kernel/netns_watch.hpp"

#include <arpa/inet.h>
#include <linux/filter.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstddef>

#include "kernel/high_fd.hpp"

namespace egress::kernel {
namespace {

constexpr uint32_t kWhole = ~uint32_t{0};  // all bytes of a message

constexpr uint32_t group(int number) {
  return 1U << static_cast<uint32_t>(number - 1);
}

}  // namespace

Result<NetnsWatch> NetnsWatch::of_links_and_routes(int feed) {
  ASSIGN_OR_RETURN(NetnsWatch watch,
                   open(NETLINK_ROUTE,
                        group(RTNLGRP_LINK) | group(RTNLGRP_TC) | group(RTNLGRP_NEIGH) |
                            group(RTNLGRP_IPV4_IFADDR) | group(RTNLGRP_IPV4_ROUTE) |
                            group(RTNLGRP_IPV4_RULE) | group(RTNLGRP_IPV4_NETCONF),
                        feed));
  RETURN_IF_ERROR(watch.listen_to(Learned::kWithout));
  return watch;
}

Result<NetnsWatch> NetnsWatch::of_learned_routes(int feed) {
  ASSIGN_OR_RETURN(NetnsWatch watch, open(NETLINK_ROUTE, group(RTNLGRP_IPV4_ROUTE), feed));
  RETURN_IF_ERROR(watch.listen_to(Learned::kAlone));
  return watch;
}

// The kernel leaves away what nobody here wants, as each message wakes the daemon. Loads read in
// network order; a message has the machine's.
Status NetnsWatch::listen_to(Learned routes) const {
  const uint32_t of_speakers = routes == Learned::kAlone ? kWhole : 0;
  const uint32_t others = routes == Learned::kAlone ? 0 : kWhole;
  std::array<sock_filter, 7> code{{
      BPF_STMT(BPF_LD | BPF_H | BPF_ABS, offsetof(nlmsghdr, nlmsg_type)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htons(RTM_NEWROUTE), 1, 0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htons(RTM_DELROUTE), 0, 3),
      BPF_STMT(BPF_LD | BPF_B | BPF_ABS, NLMSG_HDRLEN + offsetof(rtmsg, rtm_protocol)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, RTPROT_BIRD, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, of_speakers),
      BPF_STMT(BPF_RET | BPF_K, others),
  }};
  const sock_fprog program{static_cast<unsigned short>(code.size()), code.data()};
  if (setsockopt(socket_.get(), SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) == 0) {
    return {};
  }
  return Error::from_errno("watch a namespace");
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
