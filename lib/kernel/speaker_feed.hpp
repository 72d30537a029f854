// SPDX-License-Identifier: MIT
#pragma once

// The SpeakerFeed of real namespaces: routes by netlink, sessions by the speakers' own sockets.

#include <memory>
#include <string>
#include <vector>

#include "base/unique_fd.hpp"
#include "kernel/kernel.hpp"
#include "kernel/netlink.hpp"
#include "kernel/netns_watch.hpp"
#include "kernel/process/processes.hpp"

namespace egress::kernel {

class NetnsSpeakerFeed final : public SpeakerFeed {
 public:
  static Result<std::shared_ptr<NetnsSpeakerFeed>> open(Processes processes);
  // Borrows the namespace's descriptor.
  Status add(const SpeakerRef& speaker, int netns_fd);

  int fd() const override { return epoll_.get(); }
  Result<Speakers> read() override;

 private:
  struct Place {
    SpeakerRef speaker{};
    NetlinkSocket routes;
    NetnsWatch watch;
  };

  NetnsSpeakerFeed(UniqueFd epoll, Processes processes)
      : epoll_(std::move(epoll)), processes_(std::move(processes)) {}
  Result<std::string> ask(const SpeakerRef& speaker) const;

  UniqueFd epoll_;
  Processes processes_;
  std::vector<Place> places_{};
};

}  // namespace egress::kernel
