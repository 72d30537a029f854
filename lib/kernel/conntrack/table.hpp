// SPDX-License-Identifier: MIT
#pragma once

// Connection tracking of one namespace, over ctnetlink. libnetfilter_conntrack writes and reads the
// messages, which go over sockets of ours as all others do (netlink.hpp).

#include <memory>
#include <optional>
#include <vector>

#include "kernel/kernel.hpp"
#include "kernel/netlink.hpp"

namespace egress::kernel {

class Conntrack final : public FlowTable {
 public:
  static Result<std::shared_ptr<Conntrack>> open(int netns_fd);

  Result<std::vector<state::TrackedFlow>> list() override;
  Result<std::optional<state::TrackedFlow>> find(const state::TrackedFlow& flow) override;
  Status remove(const std::vector<state::TrackedFlow>& flows) override;
  Status set_timeouts(const std::vector<state::TrackedFlow>& flows) override;
  Status set_marks(const std::vector<state::TrackedFlow>& flows) override;

 private:
  explicit Conntrack(NetlinkSocket socket) : socket_(std::move(socket)) {}
  Status change(const std::vector<state::TrackedFlow>& flows,
                NlMessage (*message_of)(const state::TrackedFlow&));

  NetlinkSocket socket_;
};

}  // namespace egress::kernel
