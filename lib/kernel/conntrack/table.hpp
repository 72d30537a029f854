// SPDX-License-Identifier: MIT
#pragma once

// Connection tracking of one namespace, over ctnetlink. libnetfilter_conntrack would be one more
// library for what these few messages say, and loses the kernel's errno and words as other sockets
// than ours do (netlink.hpp).

#include <memory>
#include <vector>

#include "kernel/kernel.hpp"
#include "kernel/netlink.hpp"

namespace egress::kernel {

class Conntrack final : public FlowTable {
 public:
  static Result<std::shared_ptr<Conntrack>> open(int netns_fd);

  Result<std::vector<state::TrackedFlow>> list() override;
  Status remove(const std::vector<state::TrackedFlow>& flows) override;
  Status set_timeouts(const std::vector<state::TrackedFlow>& flows) override;

 private:
  explicit Conntrack(NetlinkSocket socket) : socket_(std::move(socket)) {}
  Status change(const std::vector<state::TrackedFlow>& flows,
                NlMessage (*message_of)(const state::TrackedFlow&));

  NetlinkSocket socket_;
};

}  // namespace egress::kernel
