// SPDX-License-Identifier: MIT
#include "kernel/conntrack/table.hpp"

#include <linux/netlink.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "kernel/conntrack/codec.hpp"
#include "kernel/netns_scope.hpp"

namespace egress::kernel {
namespace {

// Their verdicts, a datagram each, have to fit the receive buffer that everyone has: what does not
// fit is lost.
constexpr size_t kAtOnce = 128;

}  // namespace

Result<std::shared_ptr<Conntrack>> Conntrack::open(int netns_fd) {
  ASSIGN_OR_RETURN(NetlinkSocket socket,
                   open_inside(netns_fd, [] { return NetlinkSocket::open(NETLINK_NETFILTER); }));
  return std::shared_ptr<Conntrack>(new Conntrack(std::move(socket)));
}

Result<std::vector<state::TrackedFlow>> Conntrack::list() {
  // All namespaces have one table, and a dump goes through the whole of it: milliseconds, where the
  // count takes microseconds.
  ASSIGN_OR_RETURN(const uint32_t count, socket_.ask(request_for_count(), read_count));
  std::vector<state::TrackedFlow> flows;
  if (count == 0) return flows;
  RETURN_IF_ERROR(socket_.dump(request_for_flows(),
                               [&](const nlmsghdr& reply) { flows.push_back(read_flow(reply)); }));
  return flows;
}

Result<std::optional<state::TrackedFlow>> Conntrack::find(const state::TrackedFlow& flow) {
  auto found = socket_.ask(request_for(flow), read_flow);
  if (found.ok()) return std::optional(*found);
  if (found.error().sys_errno == ENOENT) return std::optional<state::TrackedFlow>();
  return std::move(found).error();
}

Status Conntrack::remove(const std::vector<state::TrackedFlow>& flows) {
  return change(flows, removal_of);
}

Status Conntrack::set_timeouts(const std::vector<state::TrackedFlow>& flows) {
  return change(flows, timeout_of);
}

Status Conntrack::set_marks(const std::vector<state::TrackedFlow>& flows) {
  return change(flows, mark_of);
}

Status Conntrack::change(const std::vector<state::TrackedFlow>& flows,
                         NlMessage (*message_of)(const state::TrackedFlow&)) {
  for (size_t begin = 0; begin < flows.size(); begin += kAtOnce) {
    const size_t end = std::min(begin + kAtOnce, flows.size());
    std::vector<NlMessage> messages;
    for (size_t i = begin; i < end; ++i) messages.push_back(message_of(flows[i]));
    // Gone, or about to go.
    RETURN_IF_ERROR(socket_.batch(messages, {ENOENT, ETIME}));
  }
  return {};
}

}  // namespace egress::kernel
