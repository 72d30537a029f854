// SPDX-License-Identifier: MIT
#pragma once

// The Kernel that is one: the namespaces that carry one mark, and a provider for each part of what
// is in them. Needs CAP_NET_ADMIN and CAP_SYS_ADMIN; not for more than one thread.

#include <array>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "kernel/attachment/provider.hpp"
#include "kernel/flow_cache/programs.hpp"
#include "kernel/held_netns.hpp"
#include "kernel/kernel.hpp"
#include "kernel/netlink_provider.hpp"
#include "kernel/nft/provider.hpp"
#include "kernel/process/provider.hpp"

namespace egress::kernel {

class LinuxKernel final : public Kernel {
 public:
  struct Options {
    std::string prefix = "eg";
    std::string state_dir{};  // canonical; with the prefix, by what ours are known
    std::string run_dir{};    // shared by the daemons of a machine; ours is below
    std::map<std::string, std::string> programs{};  // paths, by the names in state::Process
    Clock clock{};
    FlowCachePrograms::Use flow_cache = FlowCachePrograms::Use::kNone;
  };
  // Looks at nothing yet but for leftovers of a creation that was cut short, which it removes.
  // kDenied when the run folder or ours in it is one that others have a hand in.
  static Result<std::unique_ptr<LinuxKernel>> open(Options options);

  Result<state::KernelState> observe() override;
  void expect(const std::shared_ptr<const state::KernelState>& desired) override {
    expected_ = desired;
    netlink_.expect(expected_);
  }
  const state::ForeignNames& foreign() const override { return held_.foreign(); }
  int changes_fd() const override { return held_.feed(); }
  bool lost_a_process() const override { return processes_.lost_one(); }
  std::optional<std::string> why_not(const state::KernelState& desired) const override;
  FlowCacheUse flow_cache() const override;
  void suspend_flow_cache(bool suspended) override {
    suspended_.reset();
    if (suspended) suspended_.emplace(flow_cache_);
  }
  Status apply(const state::Op& op) override;
  Result<std::map<std::string, uint64_t>> counters(const state::NetnsName& netns) override {
    return nft_.counters(netns);
  }
  Result<std::shared_ptr<FlowTable>> flows(const state::NetnsName& netns) override;
  Result<std::shared_ptr<Program>> program(const state::ProcessRef& process) override;
  Result<std::shared_ptr<FlowFeed>> feed(const std::set<state::NetnsName>& flows_of,
                                         const std::set<state::NetnsName>& drops_of) override;
  Result<std::shared_ptr<SpeakerFeed>> speakers(const std::set<SpeakerRef>& which) override;

 private:
  LinuxKernel(HeldNetns held, Processes processes, std::shared_ptr<FlowCachePrograms> flow_cache);
  Status let_follow(const state::Op& op);

  std::shared_ptr<FlowCachePrograms> flow_cache_;
  std::optional<FlowCacheChange> suspended_{};
  HeldNetns held_;
  NetlinkProvider netlink_;
  NftProvider nft_;
  ProcessProvider processes_;
  AttachmentProvider attachments_;
  const std::array<Provider*, 4> providers_{&netlink_, &nft_, &processes_, &attachments_};
  state::KernelState observed_{};
  std::shared_ptr<const state::KernelState> expected_ = std::make_shared<state::KernelState>();
};

}  // namespace egress::kernel
