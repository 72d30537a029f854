// SPDX-License-Identifier: MIT
#pragma once

// The FlowFeed of real namespaces: a socket for each of them, and one descriptor for all.

#include <map>
#include <string>
#include <variant>
#include <vector>

#include "kernel/conntrack/events.hpp"
#include "kernel/drop_log/log.hpp"
#include "kernel/kernel.hpp"

namespace egress::kernel {

class NetnsFlowFeed final : public FlowFeed {
 public:
  static Result<std::shared_ptr<NetnsFlowFeed>> open();
  // Borrow the namespace's descriptor.
  Status add_flows_of(const state::NetnsName& netns, int netns_fd);
  Status add_drops_of(const state::NetnsName& netns, int netns_fd);
  void note_missing() { whole_ = false; }

  int fd() const override { return epoll_.get(); }
  Result<Batch> read(size_t most) override;
  bool is_whole() const override { return whole_; }

 private:
  struct Source {
    state::NetnsName netns{};
    std::variant<FlowEvents, DropLog> socket;
    uint64_t lost = 0;  // so far
  };

  explicit NetnsFlowFeed(UniqueFd epoll) : epoll_(std::move(epoll)) {}
  Status add(Source source);
  static Status read_from(Source& source, size_t most, Batch& batch);

  UniqueFd epoll_;
  std::vector<Source> sources_{};
  bool whole_ = true;
};

}  // namespace egress::kernel
