// SPDX-License-Identifier: MIT
#include "kernel/flow_feed.hpp"

#include <sys/epoll.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "kernel/high_fd.hpp"
#include "state/nft_table.hpp"

namespace egress::kernel {
namespace {

// Some thousand messages.
constexpr size_t kRoom = size_t{1} << 20U;

}  // namespace

Result<std::shared_ptr<NetnsFlowFeed>> NetnsFlowFeed::open() {
  UniqueFd low(epoll_create1(EPOLL_CLOEXEC));
  if (!low.valid()) return Error::from_errno("open an epoll descriptor");
  ASSIGN_OR_RETURN(UniqueFd epoll, move_high(std::move(low)));
  return std::shared_ptr<NetnsFlowFeed>(new NetnsFlowFeed(std::move(epoll)));
}

Status NetnsFlowFeed::add_flows_of(const state::NetnsName& netns, int netns_fd) {
  ASSIGN_OR_RETURN(FlowEvents events, FlowEvents::open(netns_fd, kRoom));
  return add({netns, std::move(events)});
}

Status NetnsFlowFeed::add_drops_of(const state::NetnsName& netns, int netns_fd) {
  ASSIGN_OR_RETURN(DropLog log, DropLog::open(netns_fd, state::kDropLogGroup, kRoom));
  return add({netns, std::move(log)});
}

Status NetnsFlowFeed::add(Source source) {
  epoll_event readable{.events = EPOLLIN, .data = {}};
  readable.data.u64 = sources_.size();
  const int fd = std::visit([](const auto& socket) { return socket.fd(); }, source.socket);
  if (epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &readable) != 0) {
    return Error::from_errno("watch the flows of " + source.netns);
  }
  sources_.push_back(std::move(source));
  return {};
}

Status NetnsFlowFeed::read_from(Source& source, size_t most, Batch& batch) {
  return std::visit(
      [&](auto& socket) -> Status {
        const auto told = socket.drain(most, [&](const auto& what) {
          batch.events.push_back({source.netns, what});
        });
        if (!told.ok()) return told.error();
        if (*told) return {};
        // The kernel counts them, but for what it had no memory for.
        const uint64_t lost = std::exchange(source.lost, socket.lost());
        batch.lost += std::max<uint64_t>(source.lost - lost, 1);
        return {};
      },
      source.socket);
}

Result<FlowFeed::Batch> NetnsFlowFeed::read(size_t most) {
  Batch batch;
  std::array<epoll_event, 64> ready{};
  while (batch.events.size() < most) {
    const int count = epoll_wait(epoll_.get(), ready.data(), static_cast<int>(ready.size()), 0);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return Error::from_errno("wait for flows");
    if (count == 0) return batch;
    for (size_t each = 0; each < static_cast<size_t>(count); ++each) {
      const size_t room = most - batch.events.size();
      if (room == 0) return batch;
      RETURN_IF_ERROR(read_from(sources_[ready[each].data.u64], room, batch));
    }
  }
  return batch;
}

}  // namespace egress::kernel
